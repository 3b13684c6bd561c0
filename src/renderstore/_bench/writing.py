"""A job submitted, claimed and finished in a transaction that is rolled back, on a farm that works.

Why it disturbs nobody. The whole of it is one message: the server runs it from `begin` to `rollback` without waiting for
this program, so that nothing stays locked while a network is slow, even when this program is killed. The plan, the user,
the worker and the label are made in the transaction, are seen by nobody, and hold a number that nobody else has: no tenant's
row is locked, and no other claim, heartbeat or submission meets one of ours. A label that nobody else offers has a lane of
its own, which only this worker sees; its jobs have the highest priority, and chance is seeded so that the claim does not
ignore priority, so it takes them before any other. Only where jobs wait at that priority without a label can it lock one of
those; other claims pass it over, its turn is its own again at the rollback milliseconds later, and it is never finished.
Opening the lane may open others that wait to be opened: undone with the rest. What is rolled back notifies nobody. What is
left is dead row versions, which autovacuum clears, and the next numbers of a few sequences.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

BATCH = 50
# With it random() begins above the share of claims that ignore priority.
SEED = 0.5

_SCRIPT = """
begin;
set local statement_timeout = '5s';
set local lock_timeout = '500ms';
select identity.bind('renderstore_admin', null, {actor});
insert into identity.plans (id, name) values ({name}, {name});
with made as (
    insert into identity.users (email, plan_id) values ({email}, {name})
    returning id
)
select set_config('renderstore.bench_user', made.id::text, true) from made;
select identity.bind('renderstore_worker', null, {worker});
select from work.register('{{render}}', array[{name}]);
select identity.bind('renderstore_app', current_setting('renderstore.bench_user')::uuid, {actor});
select from render.submit('/bench/a.mov', project_path => '/bench/a.aep', priority => 10, labels => array[{name}]);
select identity.bind('renderstore_worker', null, {worker});
-- Of no kind it takes nothing, and opens the lanes that jobs came for.
select from work.claim(1, '{{}}');
select identity.bind('renderstore_app', current_setting('renderstore.bench_user')::uuid, {actor});
select '' as step, clock_timestamp() as at;
select from render.submit('/bench/a.mov', project_path => '/bench/a.aep', priority => 10, labels => array[{name}]);
select 'submit' as step, clock_timestamp() as at;
select from render.submit_many(
    array_fill('/bench/a.mov'::text, array[{batch}]),
    project_paths => array_fill('/bench/a.aep'::text, array[{batch}]),
    priorities => array_fill(10, array[{batch}]),
    labels => array[{name}]
);
select 'submit_many' as step, clock_timestamp() as at;
select identity.bind('renderstore_worker', null, {worker});
select setseed({seed});
select '' as step, clock_timestamp() as at;
{claim_one};
select 'claim' as step, clock_timestamp() as at;
{finish};
select 'finish' as step, clock_timestamp() as at;
select 'own' as counted, {own} as jobs;
select setseed({seed});
select '' as step, clock_timestamp() as at;
{claim_many};
select 'claim_many' as step, clock_timestamp() as at;
{finish};
select 'finish_many' as step, clock_timestamp() as at;
select 'own_many' as counted, {own} as jobs;
rollback;
"""
# Behind a pooler the session is others' next: chance must be chance again.
_RESEED = "select setseed({})"

_CLAIM = """
select set_config(
    'renderstore.bench_held',
    coalesce(jsonb_agg(jsonb_build_object('user_id', taken.user_id, 'id', taken.id, 'attempt', taken.attempt)), '[]')::text,
    true
)
from work.claim({jobs}) as taken
"""
_HELD = """
jsonb_to_recordset(current_setting('renderstore.bench_held')::jsonb)
    as held (user_id uuid, id uuid, attempt integer)
where held.user_id::text = current_setting('renderstore.bench_user')
"""
_FINISH = """
select from (
    select array_agg(held.user_id) as users, array_agg(held.id) as ids, array_agg(held.attempt) as attempts
    from {held}
) as mine
cross join lateral work.finish_many(mine.users, mine.ids, mine.attempts)
"""
_OWN = "(select count(*) from {held})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round took on the server, in milliseconds; a batch as a whole."""

    steps: Mapping[str, float]


def write_once(conn: psycopg.Connection[Any]) -> Round:
    """One round. The connection is in autocommit, and its login may enter the scopes of administrator, user and worker."""
    name = f"bench_{secrets.token_hex(8)}"
    held = sql.SQL(_HELD)
    script = sql.SQL(_SCRIPT).format(
        actor=sql.Literal("dba:bench"),
        name=sql.Literal(name),
        email=sql.Literal(f"{name}@bench.invalid"),
        worker=sql.Literal(f"worker:{name}"),
        batch=sql.Literal(BATCH),
        seed=sql.Literal(SEED),
        claim_one=sql.SQL(_CLAIM).format(jobs=sql.Literal(1)),
        claim_many=sql.SQL(_CLAIM).format(jobs=sql.Literal(BATCH)),
        finish=sql.SQL(_FINISH).format(held=held),
        own=sql.SQL(_OWN).format(held=held),
    )
    try:
        return _read(conn.execute(script))
    finally:
        if not conn.closed:
            # What came behind an error was not run, the rollback included.
            conn.rollback()
            chance = secrets.SystemRandom().uniform(-1, 1)
            conn.execute(sql.SQL(_RESEED).format(sql.Literal(chance)))


def _read(cursor: psycopg.Cursor[Any]) -> Round:
    steps: dict[str, float] = {}
    own: dict[str, int] = {}
    before = None
    while True:
        if cursor.description and cursor.description[0].name == "step":
            [(step, at)] = cursor.fetchall()
            if step:
                steps[step] = (at - before).total_seconds() * 1000
            before = at
        elif cursor.description and cursor.description[0].name == "counted":
            [(counted, jobs)] = cursor.fetchall()
            own[counted] = jobs
        if not cursor.nextset():
            break
    # Where the claim did not take all that was its own, a finish of fewer says nothing.
    if own["own"] != 1:
        del steps["finish"]
    if own["own_many"] != BATCH:
        del steps["finish_many"]
    return Round(steps=steps)
