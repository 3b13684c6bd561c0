"""Faults of who asks for what: scopes, rights, tokens, limits, values, times."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TypedDict
from uuid import UUID

import psycopg
from tests import factories
from tests.troubleshooting.faults import (
    Fault,
    addresses,
    administer,
    fault,
    names,
    said,
)

from renderstore import connect, identity, render, settings
from renderstore.identity import TokenRole
from renderstore.store import SyncStore
from renderstore.testing import Database

ANN = "01930000-0000-7000-8000-000000000001"
ANN_ID = UUID(ANN)


def ann(database: Database, **columns: object) -> UUID:
    """The page's user."""
    return factories.users.make(database, id=ANN, email="ann@example.org", **columns)


class Where(TypedDict):
    """How the page's words read at a fault, and what its shell has in its environment."""

    words: Mapping[str, str]
    environment: Mapping[str, str]


def place(
    database: Database,
    *,
    words: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Where:
    """The usual ones, and these."""
    return {
        "words": names(database) | dict(words or {}),
        "environment": addresses(database) | dict(environment or {}),
    }


@contextmanager
def login(database: Database, *statements: str) -> Generator[Where]:
    """A login of this fault's own: what it may is changed, and roles belong to the whole server."""
    name = f"renderstore_test_login_{factories.unique()}"
    url = settings.write_url(
        settings.parse(database.url).conninfo | {"user": name, "password": "secret"}
    )
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute(f"create role {name} login noinherit password 'secret'".encode())
        try:
            for statement in statements:
                conn.execute(statement.replace("farm_web", name).encode())
            yield {
                "words": names(database) | {"farm_web": name},
                "environment": addresses(database) | {"DATABASE_URL": url},
            }
        finally:
            conn.execute(
                "select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = %s",
                [name],
            )
            conn.execute(f"drop role {name}".encode())


# Rights and rows


@fault("An empty page, and no error")
def nobody_is_bound(database: Database) -> Generator[Fault]:
    factories.job(database, user_id=ann(database))
    yield Fault(well="1", is_asked_anew=False, **place(database))


@fault("`permission denied for table`")
def no_scope_was_entered(database: Database) -> Generator[Fault]:
    ann(database)
    yield Fault(well="1", is_asked_anew=False, **place(database))


@fault("`may not enter this scope: it was not granted the role renderstore_admin`")
def the_role_was_not_granted(database: Database) -> Generator[Fault]:
    def act(store: SyncStore) -> None:
        store.admin(reason="to look").run(identity.plans.list, page_size=1)

    with login(database, "grant renderstore_app to farm_web") as where:
        yield Fault(well="renderstore_admin", see=said(act), **where)


@fault("Somebody sees everybody's rows")
def a_login_inherits(database: Database) -> Generator[Fault]:
    with login(
        database,
        "alter role farm_web inherit",
        "grant renderstore_readonly to farm_web",
    ) as where:
        yield Fault(well="(0 rows)", **where)


@fault("`This token has expired.`")
def a_token_has_expired(database: Database) -> Generator[Fault]:
    ann(database)
    with connect(database.url) as store:
        token = store.user(ANN_ID).run(
            identity.api_tokens.issue,
            name="bravo",
            roles=[TokenRole.USER],
            user_id=ANN_ID,
        )
    administer(
        database,
        "update identity.api_tokens set created_at = now() - interval '2 days', expires_at = now() - interval '1 day'",
    )

    def see(environment: Mapping[str, str]) -> str:
        secret = environment.get("BRAVO_TOKEN", token.secret)
        return said(
            lambda store: store.token(secret).run(render.jobs.list, page_size=1)
        )(environment)

    yield Fault(well="(null) f", see=see, **place(database))


@fault("`This user is suspended; an administrator can reactivate the account.`")
def a_user_is_suspended(database: Database) -> Generator[Fault]:
    ann(database, status="suspended")
    yield Fault(well="active", see=said(_submit), **place(database))


def _submit(store: SyncStore, labels: list[str] | None = None) -> None:
    store.user(ANN_ID).run(
        render.jobs.submit,
        output_path="/a.mov",
        template_path="/a.aep",
        labels=labels,
    )


# Limits


@fault("`The plan Free allows 1 jobs to wait or run at once`")
def the_plan_is_used_up(database: Database) -> Generator[Fault]:
    ann(database)
    administer(
        database, "update identity.plans set max_active_jobs = 1 where id = 'free'"
    )
    factories.job(database, user_id=ANN)
    yield Fault(well="1 | 200", see=said(_submit), **place(database))


@fault("`429 Too Many Requests`")
def a_rate_limit_is_reached(database: Database) -> Generator[Fault]:
    ann(database)
    administer(
        database,
        "insert into ops.limits (endpoint, max_requests, window_s) values ('render.submit', 1, 60)",
    )

    def see(_: Mapping[str, str]) -> str:
        with connect(database.url) as store:
            from renderstore import ops

            taken = [
                store.user(ANN_ID).run(ops.rate_limits.take, endpoint="render.submit")
                for _ in range(2)
            ]
        return "" if taken[-1].is_allowed else "429 Too Many Requests"

    yield Fault(well="600", see=see, **place(database))


@fault("`No worker of this farm has offered the label gpu`")
def a_label_is_unknown(database: Database) -> Generator[Fault]:
    ann(database)

    def act(store: SyncStore) -> None:
        _submit(store, labels=["gpu"])

    yield Fault(well="gpu", see=said(act), **place(database))


# Waiting


@fault("`Another transaction held the row for longer than this one may wait.`")
def somebody_holds_the_row(database: Database) -> Generator[Fault]:
    ann(database)
    rename = f"update identity.users set name = 'Ann' where id = '{ANN}'".encode()

    def act(store: SyncStore) -> None:
        with store.admin(reason="to rename") as conn:
            conn.execute("set local lock_timeout = '100ms'")
            conn.execute(rename)

    def wait() -> None:
        with psycopg.connect(database.admin_url) as conn:
            conn.execute(rename)

    with psycopg.connect(database.admin_url) as holder:
        holder.execute(rename)
        waiting = Thread(target=wait)
        waiting.start()
        asked = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        while administer(database, asked) != (1,):
            pass
        try:
            yield Fault(
                well="(0 rows)",
                see=said(act),
                **place(
                    database,
                    words={"4242": str(holder.info.backend_pid)},
                ),
            )
        finally:
            holder.close()
            waiting.join()


@fault("`This transaction did nothing for longer than its login allows`")
def a_transaction_idled(database: Database) -> Generator[Fault]:
    def act(store: SyncStore) -> None:
        with store.readonly() as conn:
            conn.execute("select 1")
            select([conn.fileno()], [], [], 0.5)  # it does something else
            conn.execute("select 1")

    with login(
        database,
        "grant renderstore_readonly to farm_web",
        "alter role farm_web set idle_in_transaction_session_timeout = '50ms'",
    ) as where:
        yield Fault(
            well="idle_in_transaction_session_timeout=1min", see=said(act), **where
        )


@fault("`The statement took longer than it may, or somebody cancelled it.`")
def a_statement_took_long(database: Database) -> Generator[Fault]:
    def act(store: SyncStore) -> None:
        with store.readonly() as conn:
            conn.execute("select pg_sleep(0.2)")

    with login(
        database,
        "grant renderstore_readonly to farm_web",
        "alter role farm_web set statement_timeout = '50ms'",
    ) as where:
        yield Fault(well="statement_timeout=2min", see=said(act), **where)


@fault("`This transaction reads only.`")
def the_database_only_reads(database: Database) -> Generator[Fault]:
    ann(database)
    administer(
        database,
        f"alter database {database.name} set default_transaction_read_only = on",
    )
    yield Fault(well="off", see=said(_submit), **place(database))


# Times and addresses


@fault("Times are shown some hours off")
def the_zone_is_another(database: Database) -> Generator[Fault]:
    administer(
        database, f"alter database {database.name} set timezone = 'America/New_York'"
    )
    yield Fault(well="UTC", **place(database))


@fault("What was just made has expired, or is not yet due")
def the_clocks_differ(database: Database) -> Generator[Fault]:
    with TemporaryDirectory() as folder:
        # A machine's clock is not a test's to change: its `date` is.
        clock = Path(folder, "clock")
        clock.write_text('date() { command date -d "-10 min" "$@"; }\n')
        yield Fault(
            well="in time",
            **place(
                database,
                words={"sudo timedatectl set-ntp true": "unset -f date"},
                environment={"BASH_ENV": str(clock)},
            ),
        )


@fault('`violates check constraint "moment_is_1970_to_9999_check"`')
def a_time_is_infinite(database: Database) -> Generator[Fault]:
    ann(database)
    yield Fault(well="INSERT 0 1", is_asked_anew=False, **place(database))


@fault('`invalid URI query parameter: "connection_limit"`')
def the_address_is_prismas(database: Database) -> Generator[Fault]:
    more = "&" if "?" in database.url else "?"
    yield Fault(
        well="it works",
        is_asked_anew=False,
        **place(
            database,
            environment={"DATABASE_URL": f"{database.url}{more}connection_limit=5"},
        ),
    )


@fault("`query would be affected by row-level security policy`")
def a_dump_without_policies(database: Database) -> Generator[Fault]:
    yield Fault(well="dumped", is_asked_anew=False, **place(database))


@fault("`There are no keys`")
def there_are_no_keys(database: Database) -> Generator[Fault]:
    yield Fault(well="Nothing was left to replace", **place(database))
