"""Lists of render jobs at RENDERSTORE_ROWS: each uses its index, as the role that runs it, on a generic plan."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from tests.factories import look

from renderstore._queries import load
from renderstore.testing import Database
from renderstore.testing.servers import Server

OWNERS = 50


def fill_jobs(conn: psycopg.Connection, rows: int) -> None:
    """Jobs of many users, most of them ended long ago."""
    conn.execute("set local role renderstore_owner")
    conn.execute("insert into identity.plans (id, name) values ('roomy', 'Roomy')")
    conn.execute(
        "insert into identity.users (email, plan_id)"
        " select 'user' || n || '@example.org', 'roomy' from generate_series(1, %s) as n",
        [OWNERS],
    )
    conn.execute(
        """
        with owners as (
            select id, row_number() over (order by id) - 1 as n from identity.users
        ),
        made as (
            insert into work.jobs (
                user_id, kind, status, error_class, completed_at, due_at
            )
            select
                o.id,
                'render',
                'queued',
                null,
                null,
                case when s.n %% 20 = 0 then now() + interval '1 day' end
            from generate_series(1, %(rows)s) as s (n)
            join owners as o on o.n = s.n %% %(owners)s
            order by s.n
            returning user_id, id
        )
        insert into render.specs (user_id, job_id, project_path, output_path)
        select
            user_id,
            id,
            '/projects/' || (row_number() over () %% 100) || '.aep',
            '/renders/' || (row_number() over () %% 1000) || '.mov'
        from made
        """,
        {"rows": rows, "owners": OWNERS},
    )
    for before, after, share in (
        ("queued", "failed", 0.03),
        ("queued", "cancelled", 0.03),
    ):
        conn.execute(
            "update work.jobs set status = %s where status = %s and random() < %s",
            [after, before, share],
        )
    conn.execute(
        "update work.jobs set status = 'running', held_by = 'mac-1'"
        " where status = 'queued' and random() < 0.95"
    )
    conn.execute(
        "update work.jobs set status = 'completed'"
        " where status = 'running' and random() < 0.99"
    )


@pytest.fixture(scope="module")
def large(renderstore_server: Server, rows: int) -> Generator[Database]:
    """The room filled once, for this file."""
    made = renderstore_server.clone()
    with psycopg.connect(made.owner_url) as conn:
        fill_jobs(conn, rows)
    with psycopg.connect(made.admin_url, autocommit=True) as conn:
        conn.execute("vacuum (analyze)")
    yield made
    renderstore_server.drop(made)


def nodes(plan: dict[str, Any]) -> Generator[dict[str, Any]]:
    """A plan's nodes, from the top."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def plan_of(
    database: Database, role: str, area: str, name: str, query: str, **values: object
) -> list[dict[str, Any]]:
    """The nodes of a named query's generic plan, as it ran."""
    text = load(area, name)[query].sql.decode()
    [(user_id,)] = look(database, "select user_id from work.jobs limit 1")
    with psycopg.connect(database.url) as conn:
        [(user_id,)] = (
            psycopg.connect(database.admin_url)
            .execute("select user_id from work.jobs limit 1")
            .fetchall()
        )
        conn.execute(
            "select identity.bind(%s, %s, 'x:y')",
            [f"renderstore_{role}", user_id if role == "app" else None],
        )
        conn.execute("set local plan_cache_mode = force_generic_plan")
        return list(nodes(explained(conn, text, values)))


def explained(
    conn: psycopg.Connection, text: str, values: dict[str, object]
) -> dict[str, Any]:
    """Prepares the query with parameters, so that the plan knows none of their values."""
    names = list(values)
    numbered = text
    for number, name in enumerate(names, 1):
        numbered = numbered.replace(f"%({name})s", f"${number}")
    conn.execute(f"prepare asked as {numbered}".encode())
    literals = sql.SQL(", ").join(sql.Literal(values[name]) for name in names)
    row = conn.execute(
        sql.SQL("explain (analyze, format json) execute asked ({})").format(literals)
    ).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


LAST = UUID("ffffffff-ffff-ffff-ffff-ffffffffffff")


@pytest.mark.parametrize(
    ("role", "area", "query", "values", "index"),
    [
        ("app", "render", "list", {}, "jobs_pkey"),
        (
            "app",
            "render",
            "list_by_project",
            {"project_path": "/projects/7.aep"},
            "specs_project_path_idx",
        ),
        (
            "app",
            "render",
            "list_by_output",
            {"output_path": "/renders/7.mov"},
            "specs_output_path_idx",
        ),
        ("app", "work", "list", {}, "jobs_pkey"),
        ("app", "work", "list_failed", {}, "jobs_failed_idx"),
        ("app", "work", "list_cancelled", {}, "jobs_cancelled_idx"),
        ("app", "work", "list_running", {}, "jobs_running_idx"),
        ("app", "work", "list_waiting", {}, "jobs_waiting_idx"),
        (
            "admin",
            "work",
            "list_all_by_status",
            {"status": "failed"},
            "jobs_status_id_idx",
        ),
        (
            "admin",
            "work",
            "list_all_by_status",
            {"status": "completed"},
            "jobs_status_id_idx",
        ),
    ],
)
def test_a_list_reads_its_index_and_no_more_than_its_page(
    large: Database,
    role: str,
    area: str,
    query: str,
    values: dict[str, object],
    index: str,
) -> None:
    found = plan_of(
        large, role, area, "jobs", query, **values, before_id=LAST, page_size=20
    )
    assert index in {node.get("Index Name") for node in found}
    kinds = {node["Node Type"] for node in found}
    assert not kinds & {"Seq Scan", "Sort", "Incremental Sort"}, kinds
    # A page of 20 reads about as many rows, not what lies behind it.
    assert sum(node["Actual Rows"] for node in found) < 20 * 20


@pytest.mark.parametrize(
    ("role", "area", "index"),
    [
        ("admin", "render", "specs_job_id_idx"),
        ("admin", "work", "jobs_status_id_idx"),
        ("readonly", "render", "specs_job_id_idx"),
    ],
)
def test_one_job_is_found_by_its_id_alone(
    large: Database, role: str, area: str, index: str
) -> None:
    [(job_id,)] = look(large, "select id from work.jobs limit 1")
    found = plan_of(large, role, area, "jobs", "find_by_id", id=job_id)
    assert index in {node.get("Index Name") for node in found}
    assert "Seq Scan" not in {node["Node Type"] for node in found}


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("cancel", {"reason": None}),
        ("try_again", {}),
        ("set_priority", {"priority": 4}),
        ("set_due", {"due_at": None}),
        ("get", {}),
        ("delete", {}),
    ],
)
@pytest.mark.parametrize("role", ["app", "admin"])
def test_one_jobs_change_reads_no_other_job(
    large: Database, role: str, query: str, values: dict[str, object]
) -> None:
    found = plan_of(large, role, "work", "jobs", query, **values, id=UUID(int=1))
    assert "Seq Scan" not in {node["Node Type"] for node in found}
    assert sum(node["Actual Rows"] for node in found) < 10
