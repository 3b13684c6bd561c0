"""Every door between two users. Each function tries one kind on every target and says where it is open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, LiteralString
from uuid import UUID

from psycopg import errors, sql
from psycopg.types.json import Jsonb

from .catalog import ROLES, Function, Relation
from .expectations import BINDING, ORACLES
from .rows import Person, Row, guess, insert
from .world import OUTSIDE, REFUSED, Outcome, Scope, Statement, World, as_text, listed

Door = Callable[[World], Iterator[str]]

# What a statement that makes no sense for a view is refused with.
VIEWS_CANNOT = {"0A000", "55000", "42809", "42P10", "42703"}

# What is refused to everybody, whosever row it is: another key or a column that the database
# keeps, and a row that exists already.
KEY_STANDS = "RS005"
EXISTS = "23505"
# What a farm refuses to everybody: home writes it.
HOMES = "RS016"

# Must show nothing of the other user.
SCANS: Mapping[str, Sequence[LiteralString]] = {
    "a full scan": ["select {columns} from {table}"],
    "a join": [
        "select {columns}, b.one from {table} full join (select 1 as one) as b on true"
    ],
    "an aggregate": ["select array_agg(row({columns})::text) from {table}"],
    "a window": ["select first_value(row({columns})::text) over () from {table}"],
    "a common table expression": [
        "with found as materialized (select {columns} from {table}) select * from found"
    ],
    "a lateral sub-select": [
        "select b.* from (select 1) as a, lateral (select {columns} from {table}) as b"
    ],
    "a lock": ["select {columns} from {table} for update"],
    "a weak lock": ["select {columns} from {table} for key share"],
    "a place on the disk": ["select {columns} from {table} where ctid >= '(0,0)'"],
    "a sample": ["select {columns} from {table} tablesample system (100)"],
    "a cursor": [
        "declare c no scroll cursor for select {columns} from {table}",
        "fetch all from c",
    ],
    "a prepared statement": [
        "deallocate all",
        "prepare p as select {columns} from {table}",
        "execute p",
    ],
    "an explained plan": [
        "explain (analyze, verbose, costs off, timing off) select {columns} from {table}"
    ],
    "a policy switched off": [
        "set local row_security = off",
        "select {columns} from {table}",
    ],
    "a block of plpgsql": [
        "do $$ declare r record; begin for r in select {columns} from {table} loop"
        " raise notice '%', r; end loop; end $$"
    ],
    "a table as XML": ["select table_to_xml({literal}, true, false, '')"],
    "a query as XML": [
        "select query_to_xml('select row({columns})::text from {table}', true, false, '')"
    ],
}

# Must find nothing, told the other user's id.
SEARCHES: Mapping[str, LiteralString] = {
    "the owner": "select {columns} from {table} where {owner} = %(other)s",
    "the key": "select {columns} from {table} where ({key}) = ({keys})",
    "the key, to lock": "select 1 from {table} where ({key}) = ({keys}) for update",
}

# Must answer no, or 0, told the other user's id.
QUESTIONS: Mapping[str, LiteralString] = {
    "count": "select count(*) from {table} where {owner} = %(other)s",
    "exists": "select exists (select from {table} where {owner} = %(other)s)",
    "bool_or": "select coalesce(bool_or({owner} = %(other)s), false) from {table}",
    "join": "select count(*) from {table} as a join (select %(other)s as id) as b on a.{owner} = b.id",
    "anti-join": "select %(other)s in (select {owner} from {table} where {owner} is not null)",
    # A function that tells by failing must not run ahead of the policy.
    "failure": "select count(*) - count(*) from {table} where 1 / ({owner} <> %(other)s)::integer > 0",
    "late failure": "select sum(1 / ({owner} <> %(other)s)::integer) * 0 from {table}",
}


# Must reach nothing, told the other user's id.
UPDATES: Mapping[str, LiteralString] = {
    "an update": "update {table} set {column} = {column} where {owner} = %(other)s",
    "a merge": (
        "merge into {table} as t using (select %(other)s as id) as s on t.{owner} = s.id"
        " when matched then update set {column} = t.{column}"
    ),
}
DELETES: Mapping[str, LiteralString] = {
    "a delete": "delete from {table} where {owner} = %(other)s",
    "a delete by a join": (
        "delete from {table} as t using (select %(other)s as id) as s"
        " where t.{owner} = s.id"
    ),
    "a merge that deletes": (
        "merge into {table} as t using (select %(other)s as id) as s on t.{owner} = s.id"
        " when matched then delete"
    ),
}


def reads(world: World) -> Iterator[str]:
    """A user reads another's row."""
    for relation in world.targets:
        for name, outcome in _scan(world, relation, world.as_ann):
            if marks := world.told(outcome):
                yield f"{relation.path}: {name} shows a user another's {marks}"
            yield from _odd(relation, name, outcome)
    for relation in world.owned:
        if _is_readable(world, relation):
            seen = world.attempt(world.as_ann, _scan_all(world, relation))
            row = world.row(relation, world.ann)
            if row and not world.told(seen, world.ann):
                yield f"{relation.path}: a user does not see the own row"
            for name, search, sent in _searches(world, relation):
                found = world.attempt(world.as_ann, search, sent=sent)
                if found.rows or world.told(found, sent=sent):
                    yield f"{relation.path}: a search by {name} finds another's row"
                yield from _odd(relation, name, found)
            for name, question, sent in _questions(world, relation):
                answer = world.attempt(world.as_ann, question, sent=sent)
                if answer.sqlstate not in {None, REFUSED} or any(map(any, answer.rows)):
                    yield f"{relation.path}: {name} tells of another's row: {answer}"


def reads_without_user(world: World) -> Iterator[str]:
    """Somebody reads a user's row in a user's scope without a user."""
    for relation in world.targets:
        for name, outcome in _scan(world, relation, Scope("app")):
            if marks := world.told(outcome, world.ann, world.bob):
                yield f"{relation.path}: {name} without a user shows {marks}"


def reads_outside(world: World) -> Iterator[str]:
    """The working login reads outside a scope."""
    for relation in world.targets:
        for name, outcome in _scan(world, relation, OUTSIDE):
            if outcome.sqlstate != REFUSED and not _is_missing(name, outcome):
                yield f"{relation.path}: {name} outside a scope is not refused"


def reads_by_role(world: World) -> Iterator[str]:
    """A role reads what is not its own, or does not see what is."""
    for relation, role in product(world.targets, ROLES):
        whole = frozenset(relation.columns)
        rights = world.maker.walls(relation.path).rights(role, whole)
        scope = Scope(role, world.ann.id if role == "app" else None)
        closed = whole - rights.get("select", frozenset())
        for column in sorted(closed):
            tried = world.attempt(
                scope,
                sql.SQL("select {} from {}").format(
                    sql.Identifier(column), relation.sql
                ),
            )
            if tried.sqlstate != REFUSED:
                yield f"{relation.path}: {role} reads {column}"
        if (
            "select" in rights
            and relation in world.owned
            and role in {"admin", "readonly"}
        ):
            seen = world.attempt(scope, _scan_all(world, relation, role))
            for who in (world.ann, world.bob):
                if world.row(relation, who) and not world.told(seen, who):
                    yield f"{relation.path}: {role} does not see every row"


def errors_that_tell(world: World) -> Iterator[str]:
    """An error quotes another's value."""
    for relation in world.targets:
        for name in world.open(relation, "app", "select"):
            told = world.attempt(
                world.as_ann,
                sql.SQL("select from {} where {}::text::point is null").format(
                    relation.sql, sql.Identifier(name)
                ),
            )
            if marks := world.told(told):
                yield f"{relation.path}: an error about {name} quotes {marks}"


def copies(world: World) -> Iterator[str]:
    """COPY goes around the policies."""
    for relation in world.targets:
        columns = world.columns(relation)
        for statement in (
            sql.SQL("copy {} ({}) to stdout").format(relation.sql, columns),
            sql.SQL("copy (select {} from {}) to stdout").format(columns, relation.sql),
        ):
            if marks := world.told(_copy_out(world, statement)):
                yield f"{relation.path}: COPY shows another's {marks}"
        row = world.row(relation, world.bob) if relation in world.owned else {}
        if row and not _is_copy_in_refused(world, relation, row):
            yield f"{relation.path}: COPY writes past the policies"
        for target in (sql.SQL("to '/tmp/x'"), sql.SQL("to program 'cat'")):
            tried = world.attempt(
                world.as_ann,
                sql.SQL("copy (select {} from {}) {}").format(
                    columns, relation.sql, target
                ),
            )
            if tried.sqlstate != REFUSED:
                yield f"{relation.path}: COPY writes a file of the server"


def changes(world: World) -> Iterator[str]:
    """A user changes or deletes another's row."""
    before = world.state()
    for relation in world.owned:
        for name, statement, sent in _changes(world, relation):
            outcome = world.attempt(world.as_ann, statement, sent=sent, keep=True)
            if outcome.count > 0 or world.told(outcome, sent=sent):
                yield f"{relation.path}: {name} reaches another's row"
            yield from _odd(relation, name, outcome)
        for name, statement in _sweeps(world, relation):
            swept = world.attempt(world.as_ann, statement)
            if world.told(swept):
                yield f"{relation.path}: {name} of all rows reaches another's"
    yield from _changed(world, before)


def gifts(world: World) -> Iterator[str]:
    """A user inserts a row for another, or gives one away, or takes one."""
    before = world.state()
    for relation in world.owned:
        may = set(world.open(relation, "app", "insert"))
        for name, statement, sent in _gifts(world, relation, may):
            outcome = world.attempt(world.as_ann, statement, sent=sent, keep=True)
            if outcome.sqlstate is None and outcome.count:
                yield f"{relation.path}: {name} works"
            yield from _odd(relation, name, outcome)
        if may and not relation.is_view:
            own = world.maker.values(relation.path, world.ann, world.nobody)
            own = {name: value for name, value in own.items() if name in may}
            done = world.attempt(world.as_ann, insert(relation, own), sent=own)
            if done.sqlstate not in {None, EXISTS, HOMES}:
                yield (
                    f"{relation.path}: a user may insert, yet not this row ({done.sentence})."
                    " Give its columns a value in tests/isolation/rows.py."
                )
    yield from _changed(world, before)


def parents(world: World) -> Iterator[str]:
    """A user hangs a row under another's parent, or learns that there is one."""
    for relation in world.owned:
        for reference in relation.references:
            own = world.owner(relation)
            mine = [name for name in reference.columns if name != own]
            if world.maker.owner(reference.target) is None or not mine:
                continue
            theirs = world.bob.rows.get(reference.target)
            if theirs is None:
                yield f"{relation.path}: {reference.name} has no row to point at"
                continue
            pairs = dict(zip(reference.columns, reference.target_columns, strict=True))
            taken = {name: theirs[pairs[name]] for name in mine}
            free = {name: _unlike(value) for name, value in taken.items()}
            answers = [_hang(world, relation, values) for values in (taken, free)]
            for attached, absent in zip(*answers, strict=True):
                if attached.sqlstate is None and attached.count:
                    yield f"{relation.path}: {reference.name} takes another's parent"
                if (attached.sqlstate, attached.sentence) != (
                    absent.sqlstate,
                    absent.sentence,
                ):
                    yield f"{relation.path}: {reference.name} tells whether a parent exists"


def conflicts(world: World) -> Iterator[str]:
    """ON CONFLICT changes another's row, or tells that there is one."""
    before = world.state()
    for relation in world.owned:
        may = set(world.open(relation, "app", "insert"))
        if relation.is_view or not may:
            continue
        row = world.row(relation, world.bob)
        for index, columns in relation.uniques.items():
            if not set(columns) <= may:
                continue
            owner = world.owner(relation)
            values = world.maker.values(relation.path, world.ann, world.nobody)
            values = {k: v for k, v in values.items() if k in may}
            taken = {name: row[name] for name in columns if name != owner}
            free = {name: _unlike(value) for name, value in taken.items()}
            endings = dict(_endings(relation, columns))
            for name, ending in endings.items():
                tried, absent = (
                    world.attempt(
                        world.as_ann, insert(relation, sent) + ending, sent=sent
                    )
                    for sent in (values | taken, values | free)
                )
                if world.told(tried, sent=values | taken):
                    yield f"{relation.path}: {name} on {index} shows another's row"
                answers = {(each.sqlstate, each.count) for each in (tried, absent)}
                if len(answers) > 1 and index not in ORACLES:
                    yield f"{relation.path}: {name} tells that {index} holds a value of another's"
            for ending in endings.values():
                sent = values | taken
                world.attempt(
                    world.as_ann, insert(relation, sent) + ending, sent=sent, keep=True
                )
    yield from _changed(world, before)


def calls(world: World) -> Iterator[str]:
    """A function acts on another's row, or tells of it."""
    before = world.state()
    for function in world.functions:
        if function.is_trigger or function.name in BINDING:
            continue
        if not function.callers & {"app", "public"}:
            tried = next(_calls(world, function))
            if world.attempt(world.as_ann, tried[0], sent=tried[1]).sqlstate != REFUSED:
                yield f"{function.path}: a user may call it"
            continue
        for statement, sent in _calls(world, function):
            called = world.attempt(world.as_ann, statement, sent=sent, keep=True)
            if marks := world.told(called, sent=sent):
                yield f"{function.path}: tells a user of another's {marks}"
        for change in _changed(world, before):
            yield f"{function.path}: {change}"


def calls_by_role(world: World) -> Iterator[str]:
    """A role calls a function that is not its own."""
    for function in world.functions:
        if function.is_trigger or function.callers & {"public"}:
            continue
        statement, sent = next(_calls(world, function))
        for role in ROLES:
            if role in function.callers:
                continue
            scope = Scope(role, world.ann.id if role == "app" else None)
            if world.attempt(scope, statement, sent=sent).sqlstate != REFUSED:
                yield f"{function.path}: {role} may call it"


def statistics(world: World) -> Iterator[str]:
    """The planner's statistics show another's values."""
    for relation in world.tables:
        world.own.execute(sql.SQL("analyze {}").format(relation.sql))
    for role in ROLES:
        if role in {"admin", "readonly", "auth"}:
            continue
        for statement in (
            "select s::text from pg_catalog.pg_stats as s",
            "select s::text from pg_catalog.pg_stats_ext as s",
            "select s::text from pg_catalog.pg_stats_ext_exprs as s",
        ):
            seen = world.attempt(
                Scope(role, world.ann.id if role == "app" else None), statement
            )
            if marks := world.told(seen):
                yield f"{role}: statistics show {marks}"
        for statement in (
            "select stavalues1 from pg_catalog.pg_statistic",
            "select stxdmcv from pg_catalog.pg_statistic_ext_data",
        ):
            if world.attempt(Scope(role), statement).sqlstate != REFUSED:
                yield f"{role}: reads the raw statistics"


OWNERS_WORK: Mapping[str, LiteralString] = {
    "truncate": "truncate {table}",
    "drop": "drop table {table}",
    "policies off": "alter table {table} disable row level security",
    "policies not forced": "alter table {table} no force row level security",
    "triggers off": "alter table {table} disable trigger all",
    "user triggers off": "alter table {table} disable trigger user",
    "a column": "alter table {table} add column extra text",
    "a new owner": "alter table {table} owner to current_user",
    "a policy": "create policy extra on {table} using (true)",
    "an index": "create index on {table} ((1))",
    "a trigger": (
        "create trigger extra before insert on {table} for each row"
        " execute function pg_catalog.suppress_redundant_updates_trigger()"
    ),
    "a rule": "create rule extra as on insert to {table} do also notify x",
    "a comment": "comment on table {table} is 'extra'",
    "a new order": "reindex table {table}",
    "statistics": "create statistics public.extra on ({first}), ({second}) from {table}",
    "a child": "create table public.extra () inherits ({table})",
    "a reference": "create table public.extra (like {table})",
    "replicas": "set local session_replication_role = replica",
}


def owners_work(world: World) -> Iterator[str]:
    """A role does what only the owner of a table may."""
    for relation, role in product(world.tables, ROLES):
        columns = list(relation.columns) * 2
        for name, template in OWNERS_WORK.items():
            tried = world.attempt(
                Scope(role),
                sql.SQL(template).format(
                    table=relation.sql,
                    first=sql.Identifier(columns[0]),
                    second=sql.Identifier(columns[1]),
                ),
            )
            if tried.sqlstate != REFUSED:
                yield f"{relation.path}: {role} does {name} ({tried.sqlstate}, {tried.sentence})"


def locks(world: World) -> Iterator[str]:
    """Somebody who acts for a user, works or reads locks a whole table, for which others wait."""
    for relation, role in product(world.targets, ("app", "worker", "readonly")):
        tried = world.attempt(
            Scope(role, world.ann.id if role == "app" else None),
            # The weakest for which the right to insert is not enough: who may not, may take none of the stronger ones.
            sql.SQL("lock table {} in share update exclusive mode nowait").format(
                relation.sql
            ),
        )
        if tried.sqlstate != REFUSED:
            yield f"{relation.path}: {role} locks the whole table ({tried.sqlstate})"


def _scan(
    world: World, relation: Relation, scope: Scope
) -> Iterator[tuple[str, Outcome]]:
    for name, templates in SCANS.items():
        parts = {
            "table": relation.sql,
            "columns": world.columns(relation),
            "literal": sql.Literal(relation.sql.as_string(world.work)),
        }
        statements: list[Statement] = [sql.SQL(t).format(**parts) for t in templates]
        yield name, world.attempt(scope, *statements)


def _scan_all(world: World, relation: Relation, role: str = "app") -> sql.Composed:
    return sql.SQL("select {} from {}").format(
        world.columns(relation, role), relation.sql
    )


def _is_readable(world: World, relation: Relation) -> bool:
    return world.owner(relation) in world.open(relation, "app", "select")


def _searches(
    world: World, relation: Relation
) -> Iterator[tuple[str, sql.Composed, Row]]:
    row = world.row(relation, world.bob)
    sent = {"other": world.bob.id} | {name: row[name] for name in relation.key}
    for name, template in SEARCHES.items():
        if "{key}" in template and not relation.key:
            continue
        yield name, _about_bob(world, relation, template), sent


def _questions(
    world: World, relation: Relation
) -> Iterator[tuple[str, sql.Composed, Row]]:
    for name, template in QUESTIONS.items():
        yield name, _about_bob(world, relation, template), {"other": world.bob.id}


def _about_bob(
    world: World, relation: Relation, template: LiteralString
) -> sql.Composed:
    return sql.SQL(template).format(
        table=relation.sql,
        columns=world.columns(relation),
        owner=sql.Identifier(world.owner(relation) or ""),
        key=listed(relation.key),
        keys=sql.SQL(", ").join(map(sql.Placeholder, relation.key)),
    )


def _changes(
    world: World, relation: Relation
) -> Iterator[tuple[str, sql.Composed, Row]]:
    owner = sql.Identifier(world.owner(relation) or "")
    sent = {"other": world.bob.id}
    for column in relation.columns.values():
        if not column.is_generated:
            for title, template in UPDATES.items():
                yield (
                    f"{title} of {column.name}",
                    sql.SQL(template).format(
                        table=relation.sql,
                        owner=owner,
                        column=sql.Identifier(column.name),
                    ),
                    sent,
                )
    for title, template in DELETES.items():
        yield title, sql.SQL(template).format(table=relation.sql, owner=owner), sent


def _sweeps(world: World, relation: Relation) -> Iterator[tuple[str, sql.Composed]]:
    shown = world.columns(relation)
    yield (
        "delete",
        sql.SQL("delete from {} returning {}").format(relation.sql, shown),
    )
    for name in world.open(relation, "app", "update"):
        yield (
            f"update of {name}",
            sql.SQL("update {table} set {column} = {column} returning {shown}").format(
                table=relation.sql, column=sql.Identifier(name), shown=shown
            ),
        )


def _gifts(
    world: World, relation: Relation, may: set[str]
) -> Iterator[tuple[str, sql.Composed, Row]]:
    owner = world.owner(relation) or ""
    if relation.is_view:
        whole = {
            name: Jsonb(value) if isinstance(value, dict) else value
            for name, value in world.row(relation, world.bob).items()
        }
    else:
        whole = world.maker.values(relation.path, world.bob, world.nobody)
        whole[owner] = world.bob.id
    for values in (whole, {k: v for k, v in whole.items() if k in may | {owner}}):
        statement = insert(relation, values)
        yield "an insert for another", statement, values
        yield (
            "an insert with RETURNING for another",
            statement + sql.SQL(" returning {}").format(world.columns(relation)),
            values,
        )
        yield (
            "an insert for another that passes over conflicts",
            statement + sql.SQL(" on conflict do nothing"),
            values,
        )
        yield (
            "a merge for another",
            sql.SQL(
                "merge into {} using (select 1) as s on false"
                " when not matched then insert ({}) values ({})"
            ).format(
                relation.sql,
                listed(values),
                sql.SQL(", ").join(
                    sql.Placeholder(k) + relation.columns[k].type.cast for k in values
                ),
            ),
            values,
        )
    for name, giver, taker in (
        ("giving a row away", world.ann, world.bob),
        ("taking a row", world.bob, world.ann),
    ):
        yield (
            name,
            sql.SQL(
                "update {table} set {owner} = %(taker)s where {owner} = %(giver)s"
            ).format(table=relation.sql, owner=sql.Identifier(owner)),
            {"giver": giver.id, "taker": taker.id},
        )


def _hang(world: World, relation: Relation, columns: Row) -> list[Outcome]:
    """A new row of Ann's and her present one, with these columns for the parent."""
    owner = world.owner(relation) or ""
    may = set(world.open(relation, "app", "insert"))
    answers: list[Outcome] = []
    if not relation.is_view:
        whole = world.maker.values(relation.path, world.ann, world.nobody) | columns
        part = {k: v for k, v in whole.items() if k in may | {*columns}}
        answers = [
            world.attempt(world.as_ann, insert(relation, values), sent=values)
            for values in (whole, part)
        ]
    update = sql.SQL("update {} set {} where {} = {}").format(
        relation.sql,
        sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name))
            for name in columns
        ),
        sql.Identifier(owner),
        sql.Placeholder("self"),
    )
    sent = columns | {"self": world.ann.id}
    return [*answers, world.attempt(world.as_ann, update, sent=sent)]


def _endings(
    relation: Relation, columns: Sequence[str]
) -> Iterator[tuple[str, sql.Composed]]:
    first = sql.Identifier(columns[0])
    yield "a plain insert", sql.SQL("").format()
    yield "on conflict do nothing", sql.SQL(" on conflict do nothing").format()
    yield (
        "on conflict do update",
        sql.SQL(" on conflict ({}) do update set {} = excluded.{}").format(
            listed(columns), first, first
        ),
    )


def _calls(
    world: World, function: Function
) -> Iterator[tuple[sql.Composed, list[Any]]]:
    """The function with Ann's values, then with Bob's, one and all, beside Ann's or nothing."""
    mine = [
        None if each.is_array else _value(world.ann, each.base)
        for each in function.arguments
    ]
    for place, each in enumerate(function.arguments):
        try:
            mine[place] = mine[place] or guess(each, world.ann)
        except KeyError:
            mine[place] = None
    named = sql.SQL("call {}({})" if function.is_procedure else "select {}({})").format(
        sql.Identifier(function.schema, function.name),
        sql.SQL(", ").join(sql.SQL("%s") + each.cast for each in function.arguments),
    )
    yield named, mine
    kinds = {each.base for each in function.arguments if not each.is_array}
    for kind in sorted(kinds):
        places = [
            n
            for n, each in enumerate(function.arguments)
            if each.base == kind and not each.is_array
        ]
        for value in _values(world.bob, kind):
            alone = [[n] for n in places if len(places) > 1]
            for chosen in (places, *([] if world.is_brief else alone)):
                for rest in (mine, *([] if world.is_brief else [[None] * len(mine)])):
                    yield (
                        named,
                        [value if n in chosen else rest[n] for n in range(len(rest))],
                    )


def _values(who: Person, kind: str) -> list[Any]:
    """A person's own values of a type."""
    types: dict[str, type] = {"uuid": UUID, "text": str, "bytea": bytes}
    if kind not in types:
        return []
    found = {
        as_text(value): value
        for row in who.rows.values()
        for value in row.values()
        if isinstance(value, types[kind])
    }
    return [
        value for text, value in found.items() if kind != "text" or who.mark in text
    ]


def _unlike(value: Any) -> Any:
    """Another id that sorts as this one does, so that nothing but its absence differs."""
    if isinstance(value, UUID):
        return UUID(int=value.int ^ 1)
    return f"{value}x" if isinstance(value, str) else value


def _value(who: Person, kind: str) -> Any:
    return who.id if kind == "uuid" else None


def _copy_out(world: World, statement: sql.Composed) -> Outcome:
    try:
        with world.work.transaction(force_rollback=True):
            world.work.execute(
                "select identity.bind('renderstore_app', %s, 'isolation')",
                [world.ann.id],
            )
            with world.work.cursor().copy(statement) as copy:
                return Outcome(said=b"".join(bytes(each) for each in copy).decode())
    except errors.Error as error:
        return Outcome(sqlstate=error.sqlstate, said=str(error))


def _is_copy_in_refused(world: World, relation: Relation, row: Row) -> bool:
    owner = world.owner(relation) or ""
    names = world.open(relation, "app", "insert") or [owner]
    names = [name for name in names if not isinstance(row[name], dict | list | None)]
    statement = sql.SQL("copy {} ({}) from stdin").format(relation.sql, listed(names))
    try:
        with world.work.transaction(force_rollback=True):
            world.work.execute(
                "select identity.bind('renderstore_app', %s, 'isolation')",
                [world.ann.id],
            )
            with world.work.cursor().copy(statement) as copy:
                copy.write_row([row[name] for name in names])
            return False
    except errors.Error as error:
        return error.sqlstate in {REFUSED, "0A000", KEY_STANDS, HOMES} | VIEWS_CANNOT


def _odd(relation: Relation, name: str, outcome: Outcome) -> Iterator[str]:
    """A statement that failed for another reason than the wall proves nothing."""
    fine = {REFUSED, KEY_STANDS, HOMES}
    if relation.is_view:
        fine |= VIEWS_CANNOT
    if outcome.sqlstate not in {None, *fine} and not _is_missing(name, outcome):
        yield f"{relation.path}: {name} was not judged: {outcome.sqlstate} {outcome.said}"


def _is_missing(name: str, outcome: Outcome) -> bool:
    """A server may be built without XML."""
    return "XML" in name and outcome.sqlstate == "0A000"


def _changed(world: World, before: Mapping[str, str]) -> Iterator[str]:
    for path, print_ in world.state().items():
        if print_ != before[path]:
            yield f"{path}: rows that are not the user's have changed"


RIGHTS = {
    reads_without_user,
    reads_outside,
    reads_by_role,
    errors_that_tell,
    calls_by_role,
    statistics,
    owners_work,
    locks,
}
"""What asks for a role's rights alone: the same wherever users live."""

DOORS: Sequence[Door] = (
    reads,
    reads_without_user,
    reads_outside,
    reads_by_role,
    errors_that_tell,
    copies,
    changes,
    gifts,
    parents,
    conflicts,
    calls,
    calls_by_role,
    statistics,
    owners_work,
    locks,
)
