"""Two users with a row each in every table, and a way to try a statement as one of them."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, LiteralString, cast
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from renderstore import settings
from renderstore.testing.servers import Database

from .catalog import OWNER, Conn, Function, Relation, functions, open_columns, relations
from .expectations import Walls
from .rows import Maker, Person, Row

Statement = LiteralString | sql.Composed

REFUSED = "42501"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a statement gave, or why it was refused."""

    rows: Sequence[tuple[Any, ...]] = ()
    count: int = 0
    sqlstate: str | None = None
    sentence: str = ""
    said: str = ""
    """Everything that the server said beside the rows."""

    @property
    def text(self) -> str:
        return f"{as_text(self.rows)}\n{self.said}"


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom a transaction acts; without a role, it is the login alone."""

    role: str | None = None
    user_id: UUID | None = None


OUTSIDE = Scope()


@dataclass(slots=True)
class World:
    """One database, what its catalog says, and who is in it."""

    database: Database
    expected: Mapping[str, Walls]
    work: Conn
    """The working login."""
    own: Conn
    """The migrating login, as the owner of the tables."""
    relations: Mapping[str, Relation]
    functions: Sequence[Function]
    maker: Maker
    targets: Sequence[Relation]
    """What the doors are tried on."""
    is_brief: bool = False
    """Whether a function is called with each of another's values once."""
    ann: Person = field(default_factory=lambda: Person(f"ann{secrets.token_hex(4)}"))
    bob: Person = field(default_factory=lambda: Person(f"bob{secrets.token_hex(4)}"))
    nobody: Person = field(default_factory=lambda: Person(f"all{secrets.token_hex(4)}"))
    marked: dict[tuple[str, int], set[str]] = field(
        default_factory=dict[tuple[str, int], set[str]]
    )

    @property
    def as_ann(self) -> Scope:
        return Scope("app", self.ann.id)

    @property
    def tables(self) -> list[Relation]:
        return [each for each in self.targets if not each.is_view]

    @property
    def owned(self) -> list[Relation]:
        """The targets whose rows belong to users."""
        return [each for each in self.targets if self.owner(each) is not None]

    def owner(self, relation: Relation) -> str | None:
        return self.maker.owner(relation.path)

    def open(self, relation: Relation, role: str, command: str) -> list[str]:
        return open_columns(self.own, relation, role, command)

    def columns(self, relation: Relation, role: str = "app") -> sql.Composed:
        """What the role may read, or all, so that the attempt is refused."""
        names = self.open(relation, role, "select") or list(relation.columns)
        return listed(names)

    def row(self, relation: Relation, who: Person) -> Row:
        """This person's row, in a view too."""
        if relation.path in who.rows or not relation.is_view:
            return who.rows[relation.path]
        owner = self.owner(relation)
        assert owner is not None
        with self.own.cursor(row_factory=dict_row) as cursor:
            cursor.execute(
                sql.SQL("select * from {} where {} = %s limit 1").format(
                    relation.sql, sql.Identifier(owner)
                ),
                [who.id],
            )
            return cursor.fetchone() or {}

    def attempt(
        self,
        scope: Scope,
        *statements: Statement,
        sent: Row | Sequence[Any] = (),
        keep: bool = False,
    ) -> Outcome:
        """Try statements in a scope; the last one takes the parameters and gives the rows."""
        notices: list[str] = []

        def hear(notice: psycopg.errors.Diagnostic) -> None:
            notices.append(spoken(notice))

        self.work.add_notice_handler(hear)
        try:
            with self.work.transaction(force_rollback=not keep):
                if scope.role is not None:
                    self.work.execute(
                        "select identity.bind(%s, %s, 'isolation')",
                        [f"renderstore_{scope.role}", scope.user_id],
                    )
                for statement in statements[:-1]:
                    self.work.execute(composed(statement))
                last = self.work.execute(composed(statements[-1]), sent or None)
                rows = last.fetchall() if last.description else []
                count = last.rowcount
        except psycopg.Error as error:
            if error.sqlstate is None:  # never reached the server
                raise
            return Outcome(
                sqlstate=error.sqlstate,
                sentence=error.diag.message_primary or "",
                said="\n".join([spoken(error.diag), *notices]),
            )
        finally:
            self.work.remove_notice_handler(hear)
        return Outcome(rows=rows, count=count, said="\n".join(notices))

    def told(
        self, outcome: Outcome, *people: Person, sent: Row | Sequence[Any] = ()
    ) -> list[str]:
        """What of these people came out that the caller had not sent."""
        values = list(sent.values()) if isinstance(sent, Mapping) else list(sent)
        known, text = as_text(values), outcome.text
        return sorted(
            mark
            for who in people or (self.bob,)
            for mark in self._marks(who)
            if mark in text and mark not in known
        )

    def _marks(self, who: Person) -> set[str]:
        """What is asked of each outcome; rows come, and none changes."""
        key = who.mark, len(who.rows)
        if key not in self.marked:
            self.marked[key] = marks(who)
        return self.marked[key]

    def state(self) -> dict[str, str]:
        """A fingerprint of all that is not Ann's."""
        found: dict[str, str] = {}
        for relation in self.tables:
            owner = self.owner(relation)
            theirs = (
                sql.SQL("true")
                if owner is None
                else sql.SQL("t.{} is distinct from %s").format(sql.Identifier(owner))
            )
            row = self.own.execute(
                sql.SQL(
                    "select md5(string_agg(t::text, '|' order by t::text)) from {} as t where {}"
                ).format(relation.sql, theirs),
                [] if owner is None else [self.ann.id],
            ).fetchone()
            found[relation.path] = str(row)
        return found


@contextmanager
def filled(
    database: Database, expected: Mapping[str, Walls], only: Iterable[str] = ()
) -> Generator[World]:
    """A world in this database: rows for two users in every table, or in those named."""
    with (
        psycopg.connect(database.owner_url, autocommit=True) as own,
        psycopg.connect(database.url, autocommit=True, prepare_threshold=None) as work,
    ):
        own.execute(sql.SQL("set role {}").format(sql.Identifier(OWNER)))
        known = relations(own)
        chosen = [known[path] for path in only] or list(known.values())
        maker = Maker(own, known, expected)
        world = World(
            database=database,
            expected=expected,
            work=work,
            own=own,
            relations=known,
            functions=functions(own),
            maker=maker,
            targets=[each for each in chosen if not each.is_partition],
        )
        for who in (world.ann, world.bob):
            # One transaction: a row may be complete only with its other half.
            with own.transaction():
                maker.fill(who, world.nobody, [each.path for each in world.targets])
        yield world


def become_farm(world: World) -> None:
    """Both users live on farm 2 from now on, and this is it. It keeps what replication would not have brought."""
    with psycopg.connect(world.database.admin_url) as conn:
        conn.execute(
            "set session_replication_role = replica;"
            "insert into ops.farms (id, name) values (2, 'far');"
            "update ops.here set farm_id = 2, is_home = false;"
            "update ops.moves set to_farm_id = 2;"
            "update identity.users set farm_id = 2;"
        )


@contextmanager
def login(
    database: Database, name: LiteralString, *roles: str, inherits: bool = False
) -> Generator[str]:
    """The address of a new login that was granted these roles."""
    parameters = settings.parse(database.url).conninfo
    user = f"{database.name}_{name}"
    with psycopg.connect(database.owner_url, autocommit=True) as conn:
        conn.execute(
            sql.SQL("create role {} login {} password {}").format(
                sql.Identifier(user),
                sql.SQL("inherit" if inherits else "noinherit"),
                str(parameters["password"]),
            )
        )
        try:
            for role in roles:
                conn.execute(
                    sql.SQL("grant {} to {}").format(
                        sql.Identifier(f"renderstore_{role}"), sql.Identifier(user)
                    )
                )
            yield settings.write_url(parameters | {"user": user})
        finally:
            with suppress(psycopg.errors.UndefinedObject):
                conn.execute(sql.SQL("drop role {}").format(sql.Identifier(user)))


def marks(who: Person) -> set[str]:
    """Texts that only this person's rows hold."""
    found = {who.mark}
    for row in who.rows.values():
        for value in row.values():
            if isinstance(value, UUID | bytes):
                found.add(as_text(value))
            elif isinstance(value, str) and who.mark in value.lower():
                found.add(value)
    return found


def as_text(value: object) -> str:
    """A value as text, however deep it lies."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return as_text(list(cast(Mapping[str, object], value).values()))
    if isinstance(value, list | tuple):
        return " ".join(as_text(each) for each in cast(Sequence[object], value))
    return str(value)


def spoken(said: psycopg.errors.Diagnostic) -> str:
    """All that an error or a notice tells."""
    parts = (said.message_primary, said.message_detail, said.message_hint, said.context)
    return "\n".join(part for part in parts if part)


def composed(statement: Statement) -> sql.Composed:
    return sql.SQL("{}").format(
        statement if isinstance(statement, sql.Composed) else sql.SQL(statement)
    )


def listed(names: Iterable[str], alias: str | None = None) -> sql.Composed:
    """Names of columns, with commas between."""
    return sql.SQL(", ").join(
        sql.Identifier(alias, name) if alias else sql.Identifier(name) for name in names
    )
