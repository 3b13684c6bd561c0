"""What differs between a live database and what these migrations make.

    import psycopg
    from renderstore import schema

    with psycopg.connect(url) as conn:
        for each in schema.compare(conn).differences:
            print(each.sentence)

`sql/catalog.json` holds what they make (`just snapshot` writes it), the queries of `sql/catalog` ask a
database for the same. Catalogs are compared, not text: dropped columns, the order in which things
were made and what another major version writes otherwise are no differences. It tells; the repair is a
person's.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from renderstore import migrations
from renderstore.schema._catalog import (
    AREAS,
    OWNER,
    Unseen,
    expected,
    open_to_all,
    read,
)
from renderstore.schema._compare import Difference, differences
from renderstore.schema._reading import reading

__all__ = [
    "AREAS",
    "OWNER",
    "Comparison",
    "Difference",
    "Unseen",
    "compare",
    "open_to_all",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A live database beside what these migrations make."""

    pending: tuple[str, ...]
    """Migrations that the database does not say it has: what differs may be due to them."""
    unknown: tuple[str, ...]
    """Migrations that it has and this package lacks."""
    differences: tuple[Difference, ...]
    unseen: tuple[Unseen, ...]
    """What this login may not see, and so was not compared."""

    @property
    def is_equal(self) -> bool:
        """Whether all was seen and nothing differs."""
        return not (self.pending or self.unknown or self.differences or self.unseen)


def compare(conn: psycopg.Connection[object]) -> Comparison:
    """What differs between this database and what these migrations make.

    On a connection that is in no transaction it opens one that only reads and sees one moment; in the
    caller's, it sees what the caller sees, and leaves no setting behind. It takes no lock that
    a reader or writer of rows waits for. Any login may ask.
    """
    with reading(conn):
        live, unseen = read(conn)
        known, applied = migrations.names(), migrations.names()
        try:
            with conn.transaction():
                applied = migrations.recorded(conn)
        except psycopg.errors.InsufficientPrivilege:
            unseen.append(_hidden_migrations(conn.info.user))
    return Comparison(
        pending=tuple(name for name in known if name not in applied),
        unknown=tuple(name for name in applied if name not in known),
        differences=tuple(
            differences(expected(unseen), live, major=conn.info.server_version // 10000)
        ),
        unseen=tuple(unseen),
    )


def _hidden_migrations(login: str) -> Unseen:
    return Unseen(
        what="the migrations",
        sentence=f'Which migrations are applied cannot be seen by "{login}".'
        f' Their owner types: grant select on public._yoyo_migration to "{login}";',
    )
