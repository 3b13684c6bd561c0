"""How many instructions a call of the queue costs the server, counted by valgrind: the same on a busy machine.

    just bench instructions [case…] [--profile FOLDER]

A server in single-user mode runs the calls as prepared statements, each in a transaction of its own. What they cost is what so
many more of them cost; starting up and the first calls, which plan, are not in it. Needs valgrind (a package of every Linux).
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.ground import (
    CONFIG,
    DATA_PATH,
    OUTPUT_PATH,
    PROJECT_NAME,
    SETTINGS,
    TEMPLATE_PATH,
    Fill,
    ground,
    user_id,
)
from bench.raw import BARE

from renderstore.server import Cluster, account

WARM = 25
COUNTED = 50
USERS = 20

WORKER = """
select set_config('renderstore.actor', 'worker:bench', false);
set role renderstore_worker;
"""
OPS = """
create table public.bare_limits (user_id uuid primary key, n bigint not null);
insert into ops.limits (endpoint, max_requests, window_s) values ('render.submit', 1000000000, 86400);
update ops.services set url = 'http://plex:32400' where id = 'plex'
"""
CLAIM = """
prepare claim as select set_config('x.user_id', user_id::text, false), set_config('x.id', id::text, false), set_config('x.attempt', attempt::text, false) from work.claim(1);
"""
HELD = "current_setting('x.user_id')::uuid, current_setting('x.id')::uuid, current_setting('x.attempt')::integer"
LISTS = "array[current_setting('x.user_id')::uuid], array[current_setting('x.id')::uuid], array[current_setting('x.attempt')::integer]"
CONTENT = (
    f"'{PROJECT_NAME}', '{TEMPLATE_PATH}', '{DATA_PATH}', '{OUTPUT_PATH}', '{CONFIG}'"
)


@dataclass(frozen=True, slots=True)
class Case:
    """What is prepared, and what is then executed over and over."""

    setup: str
    calls: tuple[str, ...]


def _as_app() -> str:
    return (
        f"select set_config('renderstore.user_id', '{user_id(1)}', false);\n"
        "select set_config('renderstore.actor', 'user:bench', false);\n"
        "set role renderstore_app;\n"
    )


CASES = {
    "claim and finish": Case(
        WORKER + CLAIM + f"prepare finish as select work.finish({HELD});",
        ("execute claim;", "execute finish;"),
    ),
    "finish and claim in one": Case(
        WORKER
        + CLAIM
        + "prepare go_on as select set_config('x.user_id', user_id::text, false), set_config('x.id', id::text, false),"
        f" set_config('x.attempt', attempt::text, false) from work.finish_and_claim({LISTS}, 1);\nexecute claim;",
        ("execute go_on;",),
    ),
    "heartbeat": Case(
        WORKER
        + CLAIM
        + f"prepare beat as select work.heartbeat({HELD}, 7);\nexecute claim;",
        ("execute beat;",),
    ),
    "submit": Case(
        _as_app()
        + "prepare submit(text, text, text, text, jsonb) as select is_new, owner_id, id, queued_at from render.submit("
        "project_name => $1, template_path => $2, data_path => $3, output_path => $4, nexrender_config => $5);",
        (f"execute submit({CONTENT});",),
    ),
    "submit without a configuration": Case(
        _as_app()
        + "prepare submit(text, text) as select is_new, owner_id, id, queued_at from render.submit("
        "template_path => $1, output_path => $2);",
        (f"execute submit('{TEMPLATE_PATH}', '{OUTPUT_PATH}');",),
    ),
    "take of a rate limit": Case(
        _as_app()
        + "prepare take as select is_allowed, remaining, retry_after from ops.take('render.submit', 1);",
        ("execute take;",),
    ),
    "a bare upsert": Case(
        "prepare upsert as insert into public.bare_limits as b (user_id, n)"
        f" values ('{user_id(1)}', 1) on conflict (user_id) do update set n = b.n + 1;",
        ("execute upsert;",),
    ),
    "a check that finds nothing new": Case(
        WORKER + "prepare record as select ops.record_check('plex', 'up', 12);",
        ("execute record;",),
    ),
    "a bare insert": Case(
        "prepare bare(text, text, text, text, jsonb) as insert into public.bare"
        " (user_id, project_name, template_path, data_path, output_path, nexrender_config)"
        f" values ('{user_id(1)}', $1, $2, $3, $4, $5) returning user_id, id, queued_at;",
        (f"execute bare({CONTENT});",),
    ),
    "nothing": Case("prepare nothing as select 1;", ("execute nothing;",)),
}


def _count(
    cluster: Cluster, dbname: str, case: Case, calls: int, profile: Path | None
) -> int:
    runs_as = account()
    out = cluster.home / "callgrind.out"
    lines = [*case.setup.splitlines(), *(list(case.calls) * calls)]
    said = subprocess.run(
        [
            *("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"),
            *(str(cluster.binaries / "postgres"), "--single"),
            *("-D", str(cluster.data), "-c", "jit=off", "-c", "fsync=off", dbname),
        ],
        input="\n".join(line for line in lines if line) + "\n",
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
        user=runs_as.uid if runs_as else None,
        group=runs_as.gid if runs_as else None,
    )
    found = re.search(r"Collected : (\d+)", said.stderr)
    if found is None or "ERROR" in said.stderr:
        raise RuntimeError(said.stderr[-3000:])
    if profile is not None:
        shutil.copy(out, profile)
    return int(found.group(1))


def main() -> None:
    """Print what each case costs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("case", nargs="*", help=f"of {', '.join(CASES)}; all without")
    parser.add_argument("--profile", type=Path, help="keep callgrind's files here")
    asked = parser.parse_args()
    if unknown := [name for name in asked.case if name not in CASES]:
        parser.error(f"There is no case {', '.join(unknown)}.")
    if shutil.which("valgrind") is None:
        sys.exit("valgrind counts the instructions: install it first.")
    with ground() as place:
        database = place.queue(Fill(users=USERS, waiting=2000, with_specs=True))
        place.registered_url(database)
        with place.server.admin() as conn:
            conn.execute("select 1")
        _prepare(database.admin_url)
        cluster = place.cluster
        cluster.stop()
        try:
            _print(cluster, database.name, asked.case or list(CASES), asked.profile)
        finally:
            cluster.start(SETTINGS)


def _print(
    cluster: Cluster, dbname: str, names: list[str], profile: Path | None
) -> None:
    for name in names:
        few, many = (
            _count(
                cluster,
                dbname,
                CASES[name],
                calls,
                profile and profile / f"{name.replace(' ', '-')}.{calls}",
            )
            for calls in (WARM, WARM + COUNTED)
        )
        print(f"{name:32}{(many - few) / COUNTED:14,.0f}", flush=True)


def _prepare(url: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(BARE.encode())
        conn.execute("select identity.bind('renderstore_worker', null, 'worker:bench')")
        conn.execute("begin")
        conn.execute("select identity.bind('renderstore_worker', null, 'worker:bench')")
        conn.execute("select work.register('{render}')")
        conn.execute("commit")
        conn.execute(OPS.encode())
        # The first of a twelfth of its window goes another way, which would be planned within the count.
        conn.execute("begin")
        conn.execute(
            "select identity.bind('renderstore_app', %s, 'user:bench')", [user_id(1)]
        )
        conn.execute("select ops.take('render.submit')")
        conn.execute("commit")


if __name__ == "__main__":
    main()
