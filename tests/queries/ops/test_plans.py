"""What watches the house, at RENDERSTORE_ROWS: each call reads what it gives, as the role that runs it, on generic plans."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import psycopg
import pytest
from tests.factories import acting
from tests.queries.reading import SMALL, read

from renderstore.ops import health, services
from renderstore.testing import Database
from renderstore.testing.servers import Server

SERVICES = 10
SWEPT = 100
# What health counts of a line; the server's statistics say how long a longer one is.
COUNTED = 10_000

# Past the triggers, which would take minutes.
FILL = (
    "set session_replication_role = replica",
    """
    insert into identity.users (email)
    select 'user' || n || '@example.org' from generate_series(1, 1000) as n
    """,
    """
    insert into ops.services (id, name, url)
    select 'service-' || n, 'Service ' || n, 'http://' || n
    from generate_series(1, %(services)s) as n
    """,
    """
    insert into ops.service_states (service_id, state, span_began_at, stale_at)
    select id, 'up', now() - interval '30 minutes', now() + interval '1 hour'
    from ops.services
    """,
    # An hour each, up and down in turn.
    """
    insert into ops.service_spans (service_id, ended_at, began_at, state)
    select
        s.id,
        now() - n * interval '1 hour',
        now() - (n + 1) * interval '1 hour',
        case when n %% 2 = 0 then 'down'::ops.service_state else 'up' end
    from ops.services as s
    cross join generate_series(1, %(rows)s / %(services)s) as n
    where s.id like 'service-%%'
    """,
    # One in a hundred is idle.
    """
    insert into ops.rate_limits (user_id, endpoint, window_s, slot, used, earlier, idle_at)
    select
        u.id,
        'endpoint-' || n,
        60,
        0,
        0,
        array_fill(0, array[12]),
        now() + case when n %% 100 = 0 then -1 else 1 end * interval '2 hours'
    from identity.users as u
    cross join generate_series(1, %(rows)s / 1000) as n
    """,
    """
    insert into work.lanes (kind, labels, priority) values ('render', '{}', 5)
    """,
    """
    insert into work.jobs (user_id, kind)
    select u.id, 'render'
    from identity.users as u
    cross join generate_series(1, %(rows)s / 2000) as n
    """,
    """
    insert into work.ready (lane_id, turn, job_id, user_id)
    select l.id, row_number() over (order by j.id), j.id, j.user_id
    from work.jobs as j
    cross join work.lanes as l
    """,
    """
    insert into work.jobs (
        user_id, kind, status, attempt, progress, exit_code, started_at, completed_at
    )
    select u.id, 'render', 'completed', 1, 100, 0, now(), now()
    from identity.users as u
    cross join generate_series(1, %(rows)s / 2000) as n
    """,
    """
    insert into ops.removals (user_id, uri, reason, due_at)
    select u.id, u.id || '/' || n, 'deleted', now() + interval '1 day'
    from identity.users as u
    cross join generate_series(1, %(rows)s / 1000) as n
    """,
)


@pytest.fixture(scope="module")
def large(renderstore_server: Server, rows: int) -> Generator[Database]:
    made = renderstore_server.clone()
    with psycopg.connect(made.admin_url) as conn:
        for statement in FILL:
            conn.execute(statement.encode(), {"rows": rows, "services": SERVICES})
    with psycopg.connect(made.admin_url, autocommit=True) as conn:
        conn.execute("vacuum (analyze)")
    yield made
    renderstore_server.drop(made)


Conn = psycopg.Connection[Any]

# A row a measure, a part or a service.
FEW = SMALL | {
    "ops.health_rules",
    "ops.retentions",
    "ops.service_states",
    "ops.services",
    "ops.sweep_parts",
}

# Who does what, and how many rows that may read beside those of small tables.
ACTS: dict[str, tuple[str, int, Callable[[Conn], object]]] = {
    "the health of the house": (
        "readonly",
        COUNTED + 1000 + 100,
        lambda conn: health.measure(conn),
    ),
    "what the farm says of it": (
        "worker",
        COUNTED + 1000 + 100,
        lambda conn: conn.execute("select ops.measure_farm()"),
    ),
    "a service's uptime of a day": (
        "app",
        24 + 5,
        lambda conn: conn.execute(
            "select ops.service_uptime('service-3', now() - interval '1 day', now())"
        ),
    ),
    "every service's uptime of a day, a week and a month": (
        "app",
        SERVICES * (24 + 7 * 24 + 30 * 24 + 50),
        lambda conn: services.list_status(conn, page_size=100),
    ),
    "what spans the sweep deletes": (
        "owner",
        2 * SWEPT + 50,
        lambda conn: conn.execute(f"select ops.clear_service_spans({SWEPT})".encode()),
    ),
    "what rate limits the sweep deletes": (
        "owner",
        2 * SWEPT + 50,
        lambda conn: conn.execute(f"select ops.clear_rate_limits({SWEPT})".encode()),
    ),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_call_reads_what_it_gives(large: Database, name: str) -> None:
    role, most, act = ACTS[name]
    if role == "owner":
        with psycopg.connect(large.admin_url) as conn:
            conn.execute("set local plan_cache_mode = force_generic_plan")
            assert read(conn, lambda: act(conn), small=FEW) <= most
            conn.rollback()
        return
    with acting(large, role, None, "x:y") as conn:
        conn.execute("set local plan_cache_mode = force_generic_plan")
        assert read(conn, lambda: act(conn), small=FEW) <= most
        conn.rollback()
