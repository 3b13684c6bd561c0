"""What a failing migration leaves behind, and two people who migrate at once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from renderstore import migrations, settings
from renderstore._paths import MIGRATIONS
from renderstore.settings import Settings
from renderstore.testing import Database

from .support import CHECKOUT, NAMES, call, environment, yoyo, yoyo_command

NEXT = f"{len(NAMES) + 1:04}"
BROKEN = """\
-- Fails in its last statement.
-- depends: {before}

create table work.left_behind (id bigint);

insert into work.left_behind values (1);

select 1 / 0;
"""
CONCURRENT = """\
-- Every name once. Writers are not blocked while the index grows.
-- transactional: false
-- depends: {before}

drop index concurrently if exists ops.towns_name_key;

create unique index concurrently towns_name_key on ops.towns (name);
"""


@pytest.fixture
def target(empty_database: Database) -> Settings:
    return settings.parse(empty_database.owner_url)


@pytest.fixture
def migrated(database: Database) -> Settings:
    """A database that has them all."""
    return settings.parse(database.owner_url)


def test_a_failing_migration_leaves_no_trace(target: Settings, tmp_path: Path) -> None:
    folder = with_next(
        tmp_path, "break-something", BROKEN, "drop table work.left_behind;"
    )
    with pytest.raises(migrations.MigrationFailed) as failed:
        migrations.apply(target, folder)
    assert f"Applying {NEXT}.break-something failed" in str(failed.value)
    assert "division by zero" in str(failed.value)
    assert ask(target, "select to_regclass('work.left_behind')") == [(None,)]
    assert migrations.pending(target, folder) == [f"{NEXT}.break-something"]
    assert ask(target, "select count(*) from public.yoyo_lock") == [(0,)]


def test_a_migration_that_failed_applies_once_it_is_mended(
    migrated: Settings, tmp_path: Path
) -> None:
    folder = with_next(
        tmp_path, "break-something", BROKEN, "drop table work.left_behind;"
    )
    with pytest.raises(migrations.MigrationFailed):
        migrations.apply(migrated, folder)
    file = folder / f"{NEXT}.break-something.sql"
    file.write_text(file.read_text().replace("1 / 0", "1 / 1"))
    migrations.apply(migrated, folder)
    assert migrations.pending(migrated, folder) == []


def test_a_failing_concurrent_index_heals_when_run_again(
    migrated: Settings, tmp_path: Path
) -> None:
    folder = with_towns(migrated, tmp_path)
    with pytest.raises(
        migrations.MigrationFailed, match="could not create unique index"
    ):
        migrations.apply(migrated, folder)
    ask(migrated, "delete from ops.towns where id = 2 returning id")
    migrations.apply(migrated, folder)
    assert index_state(migrated) == [(True,)]
    assert migrations.pending(migrated, folder) == []


def test_a_half_made_concurrent_index_heals_when_run_again(
    migrated: Settings, tmp_path: Path
) -> None:
    folder = with_towns(migrated, tmp_path)
    # As after a kill: nobody tidied up what PostgreSQL left.
    with psycopg.connect(migrated.url, autocommit=True) as conn:
        with pytest.raises(psycopg.errors.UniqueViolation):
            conn.execute(
                "create unique index concurrently towns_name_key on ops.towns (name)"
            )
        conn.execute("delete from ops.towns where id = 2")
    assert index_state(migrated) == [(False,)]
    migrations.apply(migrated, folder)
    assert index_state(migrated) == [(True,)]


def test_two_people_migrate_at_once(target: Settings) -> None:
    running = [
        subprocess.Popen(
            yoyo_command("apply"),
            env=environment(target),
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    said = [one.communicate()[1] for one in running]
    # On a slow machine the last may give up waiting for the lock; typed again, it succeeds.
    assert all(
        one.returncode == 0 or "LockTimeout" in words
        for one, words in zip(running, said, strict=True)
    ), said
    assert yoyo(target, "apply").returncode == 0
    assert ask(
        target, "select migration_id from public._yoyo_log order by created_at_utc"
    ) == [(name,) for name in NAMES]


def test_applying_again_changes_nothing(migrated: Settings) -> None:
    before = ask(migrated, "select * from public._yoyo_log order by id")
    assert len(before) == len(NAMES)
    migrations.apply(migrated)
    assert ask(migrated, "select * from public._yoyo_log order by id") == before


@pytest.mark.parametrize("directory", ["", "docs"])
def test_a_bare_yoyo_works_in_a_checkout(migrated: Settings, directory: str) -> None:
    here = CHECKOUT / directory
    here.mkdir(exist_ok=True)
    env = environment(migrated)

    def typed(*words: str) -> str:
        said = call([str(_program()), *words], env, here)
        assert said.returncode == 0, said.stderr
        return said.stdout

    typed("rollback", "-r", NAMES[-1])
    listed = typed("list")
    assert f"U         {NAMES[-1]}" in listed
    assert len(NAMES) < 2 or f"A         {NAMES[-2]}" in listed
    typed("apply")
    assert f"A         {NAMES[-1]}" in typed("list")


def _program() -> Path:
    found = shutil.which("yoyo", path=str(Path(sys.executable).parent))
    assert found
    return Path(found)


def with_next(folder: Path, name: str, text: str, rollback: str) -> Path:
    """The migrations, and one more."""
    copy = folder / "migrations"
    shutil.copytree(MIGRATIONS, copy)
    (copy / f"{NEXT}.{name}.sql").write_text(text.format(before=NAMES[-1]))
    (copy / f"{NEXT}.{name}.rollback.sql").write_text(rollback)
    return copy


def with_towns(target: Settings, folder: Path) -> Path:
    """A table with the same name twice, and a migration that wants every name once."""
    with psycopg.connect(target.url) as conn:
        conn.execute("set local role renderstore_owner")
        conn.execute("create table ops.towns (id bigint, name text)")
        conn.execute("grant all on ops.towns to public")
        conn.execute("insert into ops.towns values (1, 'Ulm'), (2, 'Ulm')")
    return with_next(
        folder, "index-towns", CONCURRENT, "drop index concurrently ops.towns_name_key;"
    )


def index_state(target: Settings) -> list[tuple[object, ...]]:
    return ask(
        target,
        "select indisvalid from pg_index where indexrelid = 'ops.towns_name_key'::regclass",
    )


def ask(target: Settings, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(target.url) as conn:
        return conn.execute(statement.encode()).fetchall()
