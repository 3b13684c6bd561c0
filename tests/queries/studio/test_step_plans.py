"""Steps and jobs of projects at RENDERSTORE_ROWS: each query uses its index, as the role that runs it, on a generic plan."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from tests.factories import acting, look

from renderstore._queries import load
from renderstore.testing import Database
from renderstore.testing.servers import Server

PROJECTS = 200
PAGE = 20
LAST = UUID("ffffffff-ffff-ffff-ffff-ffffffffffff")

FILL = """
with owners as (
    select id, row_number() over (order by id) - 1 as n
    from identity.users
),

places as (
    select p.user_id, p.id as project_id, s.id as scene_id, p.title::bigint as n
    from studio.projects as p
    join studio.scenes as s on s.user_id = p.user_id and s.project_id = p.id
),

made as (
    insert into work.jobs (user_id, id, kind, status, attempt, completed_at)
    select
        places.user_id,
        ops.uuidv7(),
        'step',
        case when s.n %% 50 = 0 then 'queued'::work.job_status else 'completed' end,
        1,
        case when s.n %% 50 <> 0 then now() end
    from generate_series(1, %(rows)s) as s (n)
    join places on places.n = s.n %% %(projects)s
    order by s.n
    returning user_id, id
),

placed as (
    select made.user_id, made.id, places.project_id, places.scene_id
    from (
        select user_id, id, row_number() over (order by id) as n
        from made
    ) as made
    join owners on owners.id = made.user_id
    join places on places.user_id = made.user_id
        and places.n / 50 = made.n %% (%(projects)s / 50)
),

specified as (
    insert into studio.step_specs (user_id, job_id, project_id, scene_id, step)
    select user_id, id, project_id, scene_id, 'image'
    from placed
),

paid as (
    insert into studio.step_costs (
        user_id,
        job_id,
        project_id,
        scene_id,
        step,
        cost_micros
    )
    select user_id, id, project_id, scene_id, 'image', 7
    from placed
)

insert into studio.project_jobs (user_id, job_id, project_id)
select user_id, id, project_id
from placed
"""


@pytest.fixture(scope="module")
def large(renderstore_server: Server, rows: int) -> Generator[Database]:
    """Fifty users with four projects each, and steps of them."""
    made = renderstore_server.clone()
    with psycopg.connect(made.admin_url) as conn:
        conn.execute(
            "insert into identity.users (email)"
            " select 'user' || n || '@example.org' from generate_series(1, 50) as n"
        )
        conn.execute(
            "insert into studio.projects (user_id, title)"
            " select u.id, (u.n + 50 * k)::text"
            " from (select id, row_number() over (order by id) - 1 as n"
            " from identity.users) as u cross join generate_series(0, 3) as k"
        )
        conn.execute(
            "insert into studio.scenes (user_id, project_id, position)"
            " select user_id, id, 1 from studio.projects"
        )
        conn.execute(FILL, {"rows": rows, "projects": PROJECTS})
    with psycopg.connect(made.admin_url, autocommit=True) as conn:
        conn.execute("vacuum (analyze)")
    yield made
    renderstore_server.drop(made)


def nodes(plan: dict[str, Any]) -> Generator[dict[str, Any]]:
    """A plan's nodes, from the top."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def explained(
    conn: psycopg.Connection, text: str, values: dict[str, object]
) -> list[dict[str, Any]]:
    """The nodes of the plan as it ran, made without knowing any value."""
    for number, name in enumerate(values, 1):
        text = text.replace(f"%({name})s", f"${number}")
    conn.execute("set local plan_cache_mode = force_generic_plan")
    conn.execute(f"prepare asked as {text}".encode())
    row = conn.execute(
        sql.SQL("explain (analyze, format json) execute asked ({})").format(
            sql.SQL(", ").join(sql.Literal(value) for value in values.values())
        )
    ).fetchone()
    assert row is not None
    return list(nodes(row[0][0]["Plan"]))


@pytest.mark.parametrize(
    ("role", "file", "query", "asked", "index"),
    [
        ("app", "steps", "get_cost", (), "step_costs_user_id_project_id_idx"),
        ("app", "steps", "list_costs", (), "step_costs_user_id_project_id_idx"),
        (
            "app",
            "steps",
            "list",
            ("before_id", "page_size"),
            "step_specs_user_id_project_id_job_id_idx",
        ),
        (
            "app",
            "steps",
            "list_by_scene",
            ("before_id", "page_size"),
            "step_specs_user_id_scene_id_job_id_idx",
        ),
        ("admin", "steps", "find_by_id", (), "step_specs_job_id_idx"),
        (
            "app",
            "project_jobs",
            "list",
            ("before_id", "page_size"),
            "project_jobs_user_id_project_id_job_id_idx",
        ),
    ],
)
def test_a_query_reads_its_index(
    large: Database,
    role: str,
    file: str,
    query: str,
    asked: tuple[str, ...],
    index: str,
) -> None:
    [(user_id, job_id, project_id, scene_id, steps)] = look(
        large,
        "select user_id, min(job_id::text)::uuid, project_id,"
        " min(scene_id::text)::uuid, count(*)"
        " from studio.step_specs group by user_id, project_id limit 1",
    )
    about: dict[str, object] = (
        {"id": job_id}
        if query == "find_by_id"
        else {"scene_id": scene_id}
        if query == "list_by_scene"
        else {"project_id": project_id}
    )
    page = {"before_id": LAST, "page_size": PAGE}
    with acting(large, role, user_id if role == "app" else None, "x:y") as conn:
        plan = explained(
            conn,
            load("studio", file)[query].sql.decode(),
            about | {name: page[name] for name in asked},
        )
    assert index in {node.get("Index Name") for node in plan}
    assert [
        node["Relation Name"]
        for node in plan
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] != "projects"
    ] == []
    most = 1 if query == "find_by_id" else PAGE if asked else steps
    assert max(node["Actual Rows"] * node["Actual Loops"] for node in plan) <= most


def test_a_sweep_reads_what_was_deleted_just_now_alone(large: Database) -> None:
    with psycopg.connect(large.admin_url) as conn:
        conn.execute("select studio.end_late_jobs(1000)")
        conn.execute("select studio.clear_step_costs(1000)")
        found = conn.execute(
            "select relname, coalesce(seq_scan, 0),"
            " coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)"
            " from pg_catalog.pg_stat_xact_user_tables where schemaname in ('work', 'studio')"
        ).fetchall()
    assert [row for row in found if row[1] or row[2]] == []
