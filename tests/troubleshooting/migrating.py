"""Faults of the structure: what is pending, half done, or changed by hand."""

from __future__ import annotations

import subprocess
from collections.abc import Generator

import pytest
from tests.troubleshooting.asking import place
from tests.troubleshooting.connecting import at, farm
from tests.troubleshooting.faults import Fault, administer, fault, said
from tests.troubleshooting.servers import Alone

from renderstore import migrations, settings
from renderstore.store import SyncStore
from renderstore.testing import Database


@fault(
    "`The database lacks renderstore's migrations, or some of them`",
    on="empty_database",
)
def nothing_was_migrated(empty_database: Database) -> Generator[Fault]:
    def act(store: SyncStore) -> None:
        with store.readonly() as conn:
            conn.execute("select 1")

    yield Fault(well="no migration is pending", see=said(act), **place(empty_database))


@fault("`Somebody else migrates this database, or was killed while migrating it`")
def yoyo_was_killed(database: Database) -> Generator[Fault]:
    done = subprocess.Popen(["true"])
    done.wait()
    administer(
        database,
        "insert into public.yoyo_lock (locked, ctime, pid) values (1, now() at time zone 'utc', %s)",
        done.pid,
    )
    yield Fault(well="Nothing was pending.", **place(database))


@fault("`already exists` in the first migration after a kill")
def one_was_not_recorded(database: Database) -> Generator[Fault]:
    administer(
        database,
        "delete from public._yoyo_migration where migration_id = '0012.create-binding'",
    )
    yield Fault(well="Nothing was pending.", **place(database))


@fault("`and the migrations.`, `is missing`")
def an_index_was_dropped(database: Database) -> Generator[Fault]:
    administer(database, "drop index work.jobs_due_idx")
    yield Fault(well="No difference: farm on db.farm.example", **place(database))


@fault("`is invalid: it costs writes and serves nobody`")
def an_index_is_half_made(database: Database) -> Generator[Fault]:
    administer(
        database,
        "update pg_index set indisvalid = false where indexrelid = 'work.jobs_due_idx'::regclass",
    )
    yield Fault(well="No difference: farm on db.farm.example", **place(database))


@fault("`Everybody may make temporary tables in the database`")
def a_copy_lost_its_rights(database: Database) -> Generator[Fault]:
    administer(database, f"grant temporary on database {database.name} to public")
    yield Fault(well="No difference: farm on db.farm.example", **place(database))


@fault("`pg_stat_statements is not loaded`", on="alone")
def nobody_counts(alone: Alone) -> Generator[Fault]:
    if not alone.can_count():
        pytest.skip("needs a server with pg_stat_statements, such as Debian's")
    farm(alone)
    # What it says is the database's to know.
    migrations.apply(settings.parse(alone.url(user="farm_migrator")))
    alone.execute("grant renderstore_readonly to farm_web")
    yield Fault(
        well="calls",
        words=at(alone)
        | {"sudo systemctl restart postgresql": f"{alone.unit()} restart"},
        environment=alone.environment() | {"PGDATABASE": "farm"},
    )
