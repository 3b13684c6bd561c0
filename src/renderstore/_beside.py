"""A session in another database of the same server, for what cannot be done from within."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg.rows import TupleRow

from renderstore import settings
from renderstore.settings import Settings

ALWAYS_THERE = ("postgres", "template1")


@contextmanager
def beside(
    target: Settings, names: Sequence[str] = ALWAYS_THERE
) -> Generator[psycopg.Connection[TupleRow]]:
    """A session in the first of these databases that lets this login in; where none does, why the first did not."""
    first: psycopg.OperationalError | None = None
    for name in dict.fromkeys(names):
        try:
            conn = psycopg.connect(
                settings.write_url(target.conninfo | {"dbname": name}),
                connect_timeout=10,
                autocommit=True,
            )
        except psycopg.OperationalError as error:
            first = first or error
            continue
        with conn:
            yield conn
        return
    assert first is not None
    raise first
