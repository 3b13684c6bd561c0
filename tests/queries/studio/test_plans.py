"""The studio's plans with many rows, as the role that runs them: each reads by an index, and little more than it gives."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import pytest
from tests.factories import users

from renderstore._queries import load
from renderstore.testing import Database, Server

LARGE = ("frames", "assets", "scenes", "projects", "removals")

# Half of everything is one user's, in projects of which every tenth is deleted; the rest belongs to others.
FILL = """
insert into studio.projects (user_id, title, deleted_at)
select
    case when n %% 2 = 0 then %(user_id)s else %(other)s end::uuid,
    'p' || n,
    case when n %% 20 = 0 then now() end
from generate_series(1, 400) as n;

insert into studio.scenes (user_id, project_id, position)
select user_id, id, n
from studio.projects
cross join generate_series(1, %(rows)s / 400) as n;

insert into studio.characters (user_id, project_id, name)
select user_id, id, 'Fox'
from studio.projects;

insert into studio.animations (user_id, project_id, character_id, name)
select user_id, project_id, id, 'Walk'
from studio.characters;

insert into studio.assets (
    user_id, project_id, kind, state, uri, size_bytes, sha256, kept_at, deleted_at, expires_at, sweep_at
)
select
    p.user_id,
    p.id,
    'image',
    case when n %% 50 = 0 then 'deleted' else 'kept' end::studio.asset_state,
    p.user_id || '/' || p.title || '-' || n || '.png',
    1,
    sha256((p.title || '-' || n)::bytea),
    now(),
    case when n %% 50 = 0 then now() end,
    now() + interval '1 day',
    case when n %% 50 <> 0 then now() + (n - 10) * interval '1 hour' end
from studio.projects as p
cross join generate_series(1, %(rows)s / 400) as n;

insert into ops.removals (user_id, uri, reason, due_at)
select user_id, uri, 'deleted', now() + row_number() over () * interval '1 minute' - interval '1 hour'
from studio.assets
where state = 'deleted';

insert into studio.frames (
    user_id, project_id, animation_id, position, duration_ms, asset_id
)
select a.user_id, a.project_id, a.id, x.nth, 40, x.id
from studio.animations as a
join (
    select
        s.project_id,
        s.id,
        row_number() over (partition by s.project_id order by s.id) as nth
    from studio.assets as s
    where s.state = 'kept'
) as x on x.project_id = a.project_id;

insert into studio.projects (user_id, title)
select
    case when n %% 100 = 0 then %(user_id)s::uuid else md5((n %% 100)::text)::uuid end,
    'q' || n
from generate_series(1, %(rows)s / 10) as n;

insert into studio.usages (user_id, is_farms, living_projects)
select user_id, false, count(*)
from studio.projects
where deleted_at is null
group by user_id
"""


class Filled(NamedTuple):
    """A database with many rows, and whose they are."""

    database: Database
    user_id: UUID
    project_id: UUID
    animation_id: UUID
    sha256: bytes


@pytest.fixture(scope="module")
def filled(renderstore_server: Server, rows: int) -> Generator[Filled]:
    made = renderstore_server.clone()
    user_id, other = (users.make(made, plan_id="premium") for _ in "12")
    with psycopg.connect(made.admin_url, autocommit=True) as conn:
        with conn.transaction():
            conn.execute("set local session_replication_role = replica")
            for statement in FILL.split(";\n\n"):
                conn.execute(
                    statement.encode(),
                    {"user_id": user_id, "other": other, "rows": rows},
                )
        for table in (*(f"studio.{one}" for one in LARGE[:4]), "ops.removals"):
            conn.execute(f"vacuum analyze {table}".encode())
        row = conn.execute(
            "select a.project_id, a.id, s.sha256 from studio.animations as a"
            " join studio.projects as p on p.id = a.project_id and p.deleted_at is null"
            " join studio.assets as s on s.project_id = p.id and s.state = 'kept'"
            " where a.user_id = %s limit 1",
            [user_id],
        ).fetchone()
    assert row is not None
    yield Filled(made, user_id, *row)
    renderstore_server.drop(made)


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for each in plan.get("Plans", []):
        yield from nodes(each)


def read(filled: Filled, name: str, sent: Mapping[str, object]) -> tuple[int, int]:
    """How many rows of large tables a query read on a generic plan, and how many it gave."""
    module, _, query = name.partition(".")
    with psycopg.connect(filled.database.url, prepare_threshold=None) as conn:
        conn.execute(
            "select identity.bind('renderstore_app', %s, 'plans')", [filled.user_id]
        )
        conn.execute("set local plan_cache_mode = force_generic_plan")
        statement = load("studio", module)[query].sql
        row = conn.execute(
            b"explain (analyze, format json, timing off) " + statement, sent
        ).fetchone()
    assert row is not None
    plan: Mapping[str, Any] = row[0][0]["Plan"]
    touched = 0
    for node in nodes(plan):
        if node.get("Relation Name") in LARGE:
            assert node["Node Type"] != "Seq Scan", (name, node["Relation Name"])
            gone = node.get("Rows Removed by Filter", 0)
            touched += int((node["Actual Rows"] + gone) * node["Actual Loops"])
    return touched, int(plan["Actual Rows"])


def test_a_users_page_of_projects_reads_a_page(filled: Filled) -> None:
    touched, given = read(filled, "projects.list", {"before_id": None, "page_size": 50})
    assert given == 50
    # And the deleted ones, which the policies ask for.
    assert touched <= given + 20


def test_a_projects_scenes_are_read_alone(filled: Filled) -> None:
    touched, given = read(
        filled,
        "scenes.list",
        {"project_id": filled.project_id, "after_position": None, "page_size": 50},
    )
    assert given == 50
    assert touched <= given + 40


def test_an_animations_frames_are_read_alone(filled: Filled) -> None:
    touched, given = read(
        filled,
        "frames.list",
        {"animation_id": filled.animation_id, "after_position": None, "page_size": 100},
    )
    assert given == 100
    assert touched <= 2 * given + 80


def test_a_hash_finds_its_file_and_reads_no_other(filled: Filled) -> None:
    touched, given = read(filled, "assets.find_by_sha256", {"sha256": filled.sha256})
    assert given == 1
    assert touched <= given + 40


def fetched(conn: psycopg.Connection, tables: str) -> int:
    """How many rows this transaction read of these tables, by an index or without."""
    row = conn.execute(
        "select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))"
        " from pg_stat_xact_user_tables where relname = any(%s)",
        [tables.split()],
    ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    ("call", "tables"),
    [
        ("studio.sweep_assets(20)", "assets"),
        ("ops.claim_removals(20)", "removals assets"),
    ],
)
def test_the_batches_of_the_farm_read_what_they_take(
    filled: Filled, call: str, tables: str
) -> None:
    with psycopg.connect(filled.database.admin_url) as conn:
        # As the owner, whom the sweep's definer is, or by the worker's own call.
        role = "renderstore_owner" if "sweep" in call else "renderstore_worker"
        if "sweep" in call:
            conn.execute("set local role renderstore_owner")
        else:
            conn.execute("select identity.bind(%s, null, 'worker:mac-1')", [role])
        conn.execute(f"select * from {call}".encode())
        conn.execute("reset role")
        assert 20 <= fetched(conn, tables) <= 20 * 12
        conn.rollback()


# What no foreign key asks for: without it every answer is the same, and slow.
SERVED = {
    "projects_living_idx": ("app", "projects.list"),
    "projects_deleted_idx": ("app", "projects.list_deleted"),
    "projects_id_idx": ("admin", "projects.find_by_id"),
    "scenes_id_idx": ("admin", "scenes.find_by_id"),
    "assets_id_idx": ("admin", "assets.find_by_id"),
    "assets_user_id_project_id_id_idx": ("app", "assets.list"),
    "assets_sha256_idx": ("app", "assets.find_by_sha256"),
    "presets_deleted_idx": ("app", "presets.list_deleted"),
    "projects_purge_at_idx": ("owner", "studio.purge_projects"),
    "presets_purge_at_idx": ("owner", "studio.purge_presets"),
    "step_costs_without_project_idx": ("owner", "studio.clear_step_costs"),
    "assets_sweep_at_idx": ("owner", "studio.sweep_assets"),
    "removals_due_at_idx": ("worker", "ops.claim_removals"),
}


@pytest.mark.parametrize("index", SERVED)
def test_an_index_is_read_by_what_it_serves(filled: Filled, index: str) -> None:
    role, served = SERVED[index]
    sent: dict[str, object] = {
        "id": filled.project_id,
        "project_id": filled.project_id,
        "sha256": filled.sha256,
        "before_id": None,
        "before_at": None,
        "page_size": 20,
    }
    module, _, query = served.partition(".")
    with psycopg.connect(filled.database.admin_url, prepare_threshold=None) as conn:
        conn.execute(
            "select identity.bind(%s, %s, 'worker:mac-1')",
            [
                f"renderstore_{'worker' if role == 'owner' else role}",
                filled.user_id if role == "app" else None,
            ],
        )
        conn.execute("set local plan_cache_mode = force_generic_plan")
        if role in ("owner", "worker"):
            conn.execute(f"set local role renderstore_{role}".encode())
            conn.execute(f"select * from {served}(20)".encode())
        else:
            statement = load("studio", module)[query].sql
            conn.execute(statement, sent, prepare=True)
        conn.execute("reset role")
        schema = "ops" if served.startswith("ops") else "studio"
        row = conn.execute(
            "select pg_stat_get_xact_numscans(%s::regclass)", [f"{schema}.{index}"]
        ).fetchone()
        conn.rollback()
    assert row is not None
    assert row[0] > 0


def test_a_project_of_many_frames_goes_and_comes_by_one_row_of_each(
    filled: Filled,
) -> None:
    for act in ("delete", "restore"):
        with psycopg.connect(filled.database.admin_url) as conn:
            conn.execute(
                "select identity.bind('renderstore_app', %s, '')", [filled.user_id]
            )
            conn.execute(
                f"select studio.{act}_project(%s)".encode(), [filled.project_id]
            )
            conn.execute("reset role")
            written: dict[str, int] = dict(
                conn.execute(
                    "select relname, n_tup_ins + n_tup_upd + n_tup_del"
                    " from pg_stat_xact_user_tables where schemaname = 'studio'"
                    " and n_tup_ins + n_tup_upd + n_tup_del > 0"
                ).fetchall()
            )
        assert written == {"projects": 1, "usages": 1}
