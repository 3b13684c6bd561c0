"""One moment of a catalog, written alike for every session."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

import psycopg
from psycopg.pq import TransactionStatus

from renderstore.errors import Conflict, TimedOut

# What PostgreSQL writes back depends on these. Names are whole only outside of the search path.
SETTINGS = {
    "search_path": "pg_catalog, pg_temp",
    "timezone": "UTC",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "quote_all_identifiers": "off",
    # Reading a view's definition waits for whoever changes its tables, and others wait behind.
    "lock_timeout": "5s",
}
_CHANGED_MEANWHILE = (
    "Somebody changes the structure of this database at this moment. Compare it again."
)


@contextlib.contextmanager
def reading(conn: psycopg.Connection[object]) -> Generator[None]:
    """Read the catalog as of one moment, as every session reads it."""
    is_idle = conn.info.transaction_status == TransactionStatus.IDLE
    try:
        # Undone, so that the caller's transaction keeps its own settings.
        with conn.transaction(force_rollback=True):
            if is_idle:
                conn.execute(
                    "set transaction isolation level repeatable read, read only"
                )
            conn.execute(
                "select set_config(name, value, true)"
                " from unnest(%s::text[], %s::text[]) as settings (name, value)",
                [list(SETTINGS), list(SETTINGS.values())],
            )
            yield
    except psycopg.errors.LockNotAvailable as error:
        raise TimedOut(_CHANGED_MEANWHILE) from error
    # What goes between being listed and being described is an internal error.
    except (psycopg.errors.InternalError_, psycopg.errors.UndefinedTable) as error:
        raise Conflict(_CHANGED_MEANWHILE) from error
