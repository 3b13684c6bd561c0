"""A copy of a database beside it, for looking at what migrations make of it, and dropped again."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from renderstore import migrations, settings
from renderstore._beside import beside
from renderstore.errors import Error
from renderstore.settings import Settings

# By it a later run knows a clone that a killed one left behind.
_NOTE = "A scratch clone of renderstore: it may be dropped."


class NotCloned(Error):  # noqa: N818
    """The database could not be copied; the text says why."""


@contextmanager
def clone(
    source: Settings, maker: Settings, *, with_rows: bool, keep: bool
) -> Generator[Settings]:
    """A clone with what `source` has recorded, rows included or not; `maker` may create databases."""
    name = f"{source.dbname[:50]}_scratch"
    _drop_former(maker, name)
    target = settings.parse(
        settings.write_url(source.conninfo | {"dbname": name}), environ={}
    )
    try:
        _create(maker, source, name, template=source.dbname if with_rows else None)
        if not with_rows and (done := migrations.applied(source)):
            migrations.apply_up_to(target, done[-1])
        yield target
    except BaseException:
        _drop_former(maker, name)
        raise
    if not keep:
        _drop_former(maker, name)


def _create(
    maker: Settings, source: Settings, name: str, *, template: str | None
) -> None:
    scratch = sql.Identifier(name)
    with beside(maker) as conn:
        try:
            conn.execute(
                sql.SQL("create database {} owner {} template {}").format(
                    scratch,
                    sql.Identifier(source.user),
                    sql.Identifier(template or "template0"),
                )
            )
        except psycopg.errors.ObjectInUse as error:
            raise NotCloned(
                f"Others are connected to {source.dbname}, and PostgreSQL copies the rows of a database at rest"
                " only. Let them leave, or pass --empty: the clone has the structure then, and no rows."
            ) from error
        except psycopg.errors.DuplicateDatabase as error:
            raise NotCloned(
                f"There is a database {name} already, which is no scratch clone of renderstore. Nothing was changed."
            ) from error
        except psycopg.errors.InsufficientPrivilege as error:
            raise NotCloned(
                f"{conn.info.user} may not make a copy of {source.dbname} ({error.diag.message_primary})."
                f" A DBA types once: alter role {sql.Identifier(conn.info.user).as_string(conn)} createdb;"
            ) from error
        conn.execute(sql.SQL("comment on database {} is {}").format(scratch, _NOTE))
        # A database's own rights are not copied with it.
        conn.execute(
            sql.SQL("revoke temporary, create on database {} from public").format(
                scratch
            )
        )


def _drop_former(maker: Settings, name: str) -> None:
    with beside(maker) as conn:
        found = conn.execute(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = %s",
            [name],
        ).fetchone()
        if found == (_NOTE,):
            conn.execute(
                sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            )
