"""What may be null, read from PostgreSQL's own analysed trees."""

from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

from renderstore._dev.typegen._catalog import Catalog
from renderstore._dev.typegen._describe import Query, describe
from renderstore._dev.typegen._source import Source
from renderstore.testing.servers import Server

SCHEMA = """
create schema work;
set search_path to work;
create type status as enum ('queued', 'running', 'done');
create domain short as text check (length(value) < 9);
create table project (
    id bigint primary key, name text not null unique, note text, tags text[] not null,
    created_at timestamptz not null default now()
);
create table render (
    id bigint primary key, project_id bigint not null, status status not null,
    settings jsonb not null, cost numeric, started_at timestamptz, finished_at timestamptz
);
create table artifact (
    id bigint primary key, render_id bigint not null, path text not null, checksum bytea
);
create view plain as select id, name, note from project;
create view joined as
    select p.id, p.name, r.id as render_id, r.cost
    from project as p left join render as r on r.project_id = p.id;
create view over as select j.id, j.render_id, p.name from joined as j join plain as p on p.id = j.id;
create view writable as select id, name, note from project;
create function give() returns trigger language plpgsql
as $$ begin new.id = null; return new; end $$;
create trigger writable_insert instead of insert on writable
for each row execute function give();
create function ours(text) returns text language sql immutable
begin atomic select null::text; end;
create table late (id bigint, n bigint);
insert into late values (null, 1);
alter table late add constraint late_id_given not null id not valid;
insert into project values (1, 'a', null, '{}'), (2, 'b', 'x', '{p,q}'), (3, 'c', null, '{r}');
insert into render values
    (1, 1, 'queued', '{"a": null}', null, null, null),
    (2, 1, 'done', '{}', 2, now(), now()),
    (3, 9, 'done', '{"a": 1}', 1, now(), null);
insert into artifact values (1, 2, 'p', null), (2, 7, 'q', '\\x00');
"""

# A statement and, for each of its columns, ! (never null) or ? (may be).
COLUMNS = {
    "inner join": ("select r.id, p.name from render r join project p on p.id = r.project_id", "!!"),
    "left join": ("select r.id, p.name from render r left join project p on p.id = r.project_id", "!?"),
    "right join": ("select r.id, p.name from render r right join project p on p.id = r.project_id", "?!"),
    "full join": ("select r.id, p.name from render r full join project p on p.id = r.project_id", "??"),
    "two left joins": (
        "select p.id, r.id as r, a.id as a from project p left join render r on r.project_id = p.id"
        " left join artifact a on a.render_id = r.id",
        "!??",
    ),
    "a left join over an inner one": (
        "select p.id, r.id as r, a.id as a from project p left join"
        " (render r join artifact a on a.render_id = r.id) on r.project_id = p.id",
        "!??",
    ),
    "a left join made useless by a later one": (
        "select r.id as r from project p left join render r on r.project_id = p.id"
        " join artifact a on a.render_id = r.id",
        "?",
    ),
    "columns merged by a left join": (
        "select id, p.name from project p left join (select project_id as id from render) x using (id)",
        "!!",
    ),
    "columns merged by a full join": (
        "select id from project p full join (select project_id as id from render) x using (id)",
        "?",
    ),
    "natural join": ("select id, name from project natural join plain", "!!"),
    "a left join in a CTE": (
        "with x as (select r.id as rid, p.name from render r left join project p"
        " on p.id = r.project_id) select rid, name from x",
        "!?",
    ),
    "a left join to a CTE": (
        "with x as (select id from render) select p.id, x.id as x from project p"
        " left join x on x.id = p.id + 1",
        "!?",
    ),
    "a CTE of a CTE": (
        "with a as (select id from render), b as (select a.id, p.name from a left join project p"
        " on p.id = a.id) select b.id, b.name from b",
        "!?",
    ),
    "subquery": ("select s.n from (select note as n from project) s", "?"),
    "union": ("select name as x from project union all select note from project", "?"),
    "union of what is never null": ("select name as x from project union select path from artifact", "!"),
    "three arms": ("select 1 as x union (select 2 union all select null)", "?"),
    "except": ("select note as x from project except select name from project", "?"),
    "recursive": (
        "with recursive t(n) as (select 1 union all select n + 1 from t where n < 5) select n from t",
        "!",
    ),
    "a null that a recursion brings": (
        "with recursive t(a, b) as (select 1, null::int union all select b, a from t where a is not null)"
        " select a, b from t",
        "??",
    ),
    "a recursion with its depth": (
        "with recursive t(n, m) as (select 1, null::int union all select n + 1, n from t where n < 3)"
        " select n, m from t",
        "!?",
    ),
    "a search clause": (
        "with recursive t(n) as (select 1 union all select n + 1 from t where n < 5)"
        " search depth first by n set place select n, place is not null as placed from t",
        "!!",
    ),
    "group by": (
        "select status, count(*) as n, sum(cost) as cost, max(id) as newest from render group by status",
        "!!?!",
    ),
    "aggregates of all": ("select count(*) as n, max(id) as newest, array_agg(id) as ids from render where false", "!??"),
    "gathered groups": (
        "select project_id, array_agg(cost) as costs, jsonb_agg(cost) as j, string_agg(status::text, ',') as s"
        " from render group by project_id",
        "!!!!",
    ),
    "filtered aggregates": (
        "select count(*) filter (where false) as n, max(id) filter (where cost > 9) as m from render group by status",
        "!?",
    ),
    "group by what a left join gives": (
        "select p.name, count(*) as n from render r left join project p on p.id = r.project_id group by p.name",
        "?!",
    ),
    "rollup": ("select status, count(*) as n from render group by rollup (status)", "?!"),
    "grouping sets": ("select status, project_id, grouping(status) as g from render group by grouping sets ((status), (project_id))", "??!"),
    "window functions": (
        "select row_number() over () as n, rank() over (order by id) as r, lag(id) over (order by id) as l,"
        " sum(id) over (rows between 1 preceding and 1 preceding) as s from render",
        "!!??",
    ),
    "case": ("select case when id > 1 then 'a' else 'b' end as x, case when id > 1 then 'a' end as y from render", "!?"),
    "coalesce": ("select coalesce(note, 'x') as x, coalesce(note, null) as y, greatest(note, name) as z from project", "!?!"),
    "json": (
        "select settings ->> 'a' as a, settings -> 'a' as b, settings, settings ? 'a' as c,"
        " jsonb_build_object('a', cost) as d, (settings -> 'a')::int as e,"
        " settings #>> '{a}' as f, jsonb_path_query_first(settings, '$.b') as g from render",
        "??!?????",
    ),
    "exists, array and scalar": (
        "select exists (select 1 from render) as e, array(select id from render) as a,"
        " (select id from render where false) as s, (select count(*) from render) as c",
        "!!?!",
    ),
    "a scalar aggregate that may have no group": (
        "select (select max(id) from render group by status having false) as a,"
        " (select count(*) from render limit 0) as b, (select 1 where false) as c, (select 1) as d",
        "???!",
    ),
    "arithmetic": (
        "select id + 1 as a, cost * 2 as b, finished_at - started_at as c from render",
        "!??",
    ),
    "in": ("select id in (1, 2) as a, id in (1, null) as b, id in (select cost from render) as c from project", "!??"),
    "update returning": ("update render set status = 'done' returning id, cost", "!?"),
    "update from a left join": (
        "update render r set status = 'done' from project p left join artifact a on a.id = p.id + 1"
        " where p.id = r.project_id returning r.id, p.name, a.path",
        "!!?",
    ),
    "old and new of an update": ("update render set cost = 1 returning old.status, new.status as now, old.cost as was", "!!?"),
    "old and new of a delete": ("delete from render returning old.status, new.status as now", "!?"),
    "old and new of an insert": ("insert into project values (8, 'z', null, '{}') returning old.id as was, new.id", "?!"),
    "old and new of an upsert": (
        "insert into project values (1, 'z', null, '{}') on conflict (id) do update set note = 'n'"
        " returning old.id as was, new.id, note, xmax = 0 as is_new",
        "?!?!",
    ),
    "insert from unnest": (
        "insert into artifact select i, i, p from unnest(array[50, 51], array['a', 'b']) as t(i, p)"
        " returning id, path, checksum",
        "!!?",
    ),
    "insert that does nothing on conflict": (
        "insert into project values (1, 'x', null, '{}') on conflict do nothing returning id",
        "!",
    ),
    "delete using": ("delete from render using project p where p.id = project_id returning p.name, cost", "!?"),
    "a CTE that deletes": ("with d as (delete from render returning id, cost) select d.id, d.cost from d", "!?"),
    "a CTE that inserts beside a left join": (
        "with i as (insert into project values (7, 'n', null, '{}') returning id, name)"
        " select r.id, i.name from render r left join i on i.id = r.project_id",
        "!?",
    ),
    "merge": (
        "merge into project p using (values (1::bigint, 'a'), (40, 'm')) as v(i, n) on p.id = v.i"
        " when matched then delete when not matched then insert values (v.i, v.n, null, '{}')"
        " returning merge_action() as did, p.id, v.n, old.id as was, new.id as now",
        "!!!??",
    ),
    "merge that ends what the source lacks": (
        "merge into project p using (values (1::bigint, 'a')) as v(i, n) on p.id = v.i"
        " when not matched by source then delete returning p.id, v.n",
        "!?",
    ),
    "values": ("select * from (values (1, 'a'), (2, null)) as v(a, b)", "!?"),
    "functions": (
        "select lower(name) as a, now() as b, upper(note) as c, nullif(name, 'a') as d,"
        " ours(name) as e, split_part(name, '/', 1) as f, substring(name from 'x') as g from project",
        "!!???!?",
    ),
    "names for the session": ("select current_user as u, current_schema as s, current_date as d", "!?!"),
    "information_schema": ("select table_name::text as t from information_schema.tables", "!"),
    "a view": ("select id, name, note from plain", "!!?"),
    "a view with a left join": ("select id, name, render_id, cost from joined", "!!??"),
    "a view of views": ("select id, render_id, name from over", "!?!"),
    "a left join to a view": ("select r.id, v.id as v from render r left join plain v on v.id = r.project_id", "!?"),
    "a view that is written": ("update plain set note = 'w' returning id, note", "!?"),
    "a view that a trigger writes": ("insert into writable values (9, 'w', null) returning id, name", "??"),
    "generate_series": ("select g from generate_series(1, 3) as g", "!"),
    "a left join to a series": ("select p.id, g from project p left join generate_series(1, 0) as g on true", "!?"),
    "functions side by side": (
        "select a, b, n from rows from (generate_series(1, 3), generate_series(1, 2)) with ordinality as t(a, b, n)",
        "??!",
    ),
    "lateral unnest": ("select p.id, t from project p cross join lateral unnest(p.tags) as t", "!?"),
    "unnest in the target list": ("select unnest(tags) as t from project", "?"),
    "left lateral": (
        "select p.id, l.id as l from project p left join lateral"
        " (select id from render where project_id = p.id limit 1) as l on true",
        "!?",
    ),
    "cross lateral": (
        "select p.id, l.id as l, l.cost from project p cross join lateral"
        " (select id, cost from render where project_id = p.id limit 1) as l",
        "!!?",
    ),
    "subscripts": ("select tags[1] as t, (array[1])[2] as a from project", "??"),
    "constants": ("select 1 as a, null::text as b, current_timestamp as c, 'x' || 'y' as d", "!?!!"),
    "distinct on": ("select distinct on (status) status, cost from render order by status, id", "!?"),
    "comparisons": (
        "select note is null as a, note is distinct from 'x' as b, not (note = 'x') as c, id > 1 and note = 'x' as d"
        " from project",
        "!!??",
    ),
    "locking": ("select id, cost from render for update skip locked", "!?"),
    "what a condition excludes": ("select note from project where note is not null", "?"),
    "a constraint not yet validated": ("select id from late", "?"),
    "a set of json": ("select k, v from jsonb_each('{\"a\": 1}') as t(k, v)", "!!"),
    "arrays of enums": ("select array_agg(status) as a, array['queued'::status] as b from render group by id", "!!"),
    "an outer reference": (
        "select p.id, (select count(r.id) from render r where r.project_id = p.id) as n,"
        " (select p.note) as s from project p",
        "!!?",
    ),
}  # fmt: skip

# A statement with its parameters and, for each, ! (a value), ? (a value or None, to be
# said) or = (may be left out).
PARAMETERS = {
    "a comparison": ("select id from project where id = %(a)s", ["a"], "!"),
    "a stored null": ("insert into project (id, name, note, tags) values (%(a)s, %(b)s, %(c)s, %(d)s) returning id", ["a", "b", "c", "d"], "!!?!"),
    "several rows of values": ("insert into project values (1, 'a', %(a)s, '{}'), (2, %(b)s, null, '{}') returning id", ["a", "b"], "?!"),
    "what a select carries": ("insert into project (id, name, note, tags) select id, %(a)s, %(b)s, '{}' from render returning id", ["a", "b"], "!?"),
    "a set": ("update project set note = %(a)s where name = %(b)s returning id", ["a", "b"], "?!"),
    "a set on conflict": ("insert into project values (1, 'a', null, '{}') on conflict (id) do update set note = %(a)s returning id", ["a"], "?"),
    "merge": (
        "merge into project p using (values (1::bigint)) as v(i) on p.id = v.i when matched then update"
        " set note = %(a)s, name = %(b)s returning p.id", ["a", "b"], "?!"),
    "a filter that may be absent": ("select id from project where %(a)s::text is null or name = %(a)s", ["a"], "="),
    "a start that may be absent": ("select id from project where id > coalesce(%(a)s::bigint, 0) limit %(b)s", ["a", "b"], "=!"),
    "what stays as it is": ("update project set name = coalesce(%(a)s, name) returning id", ["a"], "="),
    "the last resort": ("select coalesce(note, %(a)s) as n from project", ["a"], "!"),
    "is distinct from": ("select id from project where note is distinct from %(a)s", ["a"], "="),
    "taken and refused": ("update project set name = %(a)s where note is distinct from %(a)s returning id", ["a"], "!"),
    "a write through a view": ("update plain set note = %(a)s, name = %(b)s returning id", ["a", "b"], "?!"),
    "json": ("update render set settings = %(a)s returning id", ["a"], "!"),
    "arrays": ("select i from unnest(%(a)s::bigint[]) as i", ["a"], "!"),
}  # fmt: skip


@pytest.fixture(scope="module")
def conn(renderstore_server: Server) -> Generator[psycopg.Connection]:
    made = renderstore_server.create()
    with psycopg.connect(made.owner_url, autocommit=True) as conn:
        if conn.info.server_version < 180000:
            pytest.skip("the generator needs PostgreSQL 18")
        conn.execute(SCHEMA.encode())
        yield conn
    renderstore_server.drop(made)


def described(
    conn: psycopg.Connection, sql: str, parameters: list[str], **nulls: bool
) -> Query:
    path = Path("work", "lab.sql")
    source = Source(path, 1, "lab", parameters, "", nulls=nulls, begins=1, sql=sql)
    return describe(Catalog(conn), source)


@pytest.mark.parametrize("case", COLUMNS)
def test_a_column_is_nullable_where_postgresql_may_give_a_null(
    conn: psycopg.Connection, case: str
) -> None:
    sql, expected = COLUMNS[case]
    columns = described(conn, sql, []).columns
    assert "".join("?" if each.null else "!" for each in columns) == expected


@pytest.mark.parametrize("case", COLUMNS)
def test_a_column_that_is_called_never_null_holds_none(
    conn: psycopg.Connection, case: str
) -> None:
    sql, expected = COLUMNS[case]
    with conn.transaction(force_rollback=True):
        rows = conn.execute(sql.encode()).fetchall()
    for row in rows:
        for value, mark in zip(row, expected, strict=True):
            assert value is not None or mark == "?"


@pytest.mark.parametrize("case", PARAMETERS)
def test_a_parameter_is_nullable_where_the_query_takes_a_null(
    conn: psycopg.Connection, case: str
) -> None:
    sql, names, expected = PARAMETERS[case]
    found = described(conn, sql, names).parameters
    marks = ["=" if each.optional else "?" if each.null else "!" for each in found]
    assert "".join(marks) == expected


def test_a_nullable_parameter_makes_its_column_nullable(
    conn: psycopg.Connection,
) -> None:
    sql = "select %(a)s::text as a, %(b)s::text as b from project where %(a)s is null"
    columns = described(conn, sql, ["a", "b"]).columns
    assert [each.null for each in columns] == [True, False]


def test_the_elements_of_an_array_parameter_are_not_null(
    conn: psycopg.Connection,
) -> None:
    sql = (
        "select i, i = any(%(a)s) as known from unnest(%(a)s::bigint[]) as i"
        " where i = any(%(a)s)"
    )
    assert [each.null for each in described(conn, sql, ["a"]).columns] == [False, False]


def test_what_a_comment_declares_wins(conn: psycopg.Connection) -> None:
    sql = "select ours(%(a)s) as x, name from project"
    query = described(conn, sql, ["a"], a=True, x=False, name=True)
    assert [each.null for each in query.columns] == [False, True]
    assert query.parameters[0].optional


def test_a_question_mark_is_for_the_parameter_where_a_column_has_its_name(
    conn: psycopg.Connection,
) -> None:
    sql = (
        "insert into project (id, name, note, tags) values"
        " (1, coalesce(%(name)s::text, 'a'), %(note)s, '{}') returning name, note"
    )
    query = described(conn, sql, ["name", "note"], name=True, note=False)
    assert [each.null for each in query.parameters] == [True, False]
    assert [each.null for each in query.columns] == [False, False]


def test_types_are_those_of_python(conn: psycopg.Connection) -> None:
    sql = (
        "select id, name, tags, created_at, '{}'::status[] as s, '[1,2)'::int8range as r,"
        " '::1'::inet as i, '{}'::jsonb[] as j, 'a'::short as d from project"
    )
    assert [each.annotation for each in described(conn, sql, []).columns] == [
        "int",
        "str",
        "list[str]",
        "datetime",
        "list[Status]",
        "Range[int]",
        "Inet",
        "list[Json]",
        "str",
    ]


def test_what_no_tree_tells_may_be_null(conn: psycopg.Connection) -> None:
    query = described(conn, "show server_version", [])
    assert [each.annotation for each in query.columns] == ["str | None"]


# Columns that are arrays, and how each is annotated.
ARRAYS = {
    "gathered nulls": ("select array_agg(cost) as a from render group by id", "list[Decimal | None]"),
    "gathered values": ("select array_agg(id) as a from render group by status", "list[int]"),
    "gathered of a left join": (
        "select array_agg(r.id) as a from project p left join render r on r.project_id = p.id group by p.id",
        "list[int | None]",
    ),
    "gathered in a CTE": (
        "with x as (select array_agg(note) as a from project) select a from x",
        "list[str | None] | None",
    ),
    "gathered or none": (
        "select coalesce(array_agg(note), '{}') as a from project",
        "list[str | None]",
    ),
    "a subquery": ("select array(select note from project) as a", "list[str | None]"),
    "a constructor": ("select array[1, null] as a", "list[int | None]"),
    "a full constructor": ("select array[1, 2] as a", "list[int]"),
    "stored": ("select tags from project", "list[str]"),
}  # fmt: skip


@pytest.mark.parametrize("case", ARRAYS)
def test_an_array_that_a_query_gathers_may_hold_nulls(
    conn: psycopg.Connection, case: str
) -> None:
    sql, annotation = ARRAYS[case]
    assert [each.annotation for each in described(conn, sql, []).columns] == [
        annotation
    ]
