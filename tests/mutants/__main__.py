"""`just prove mutants [ROOM…]`: take one thing from the schema at a time; some test must miss it.

The snapshot's test is left out, and so is whatever migrates: what is asked is whether the tests
of what the schema does would notice.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import psycopg

from renderstore.testing import running_server

from .judging import Judge, Verdict, collect
from .making import Bench, Mutant, mutants

LEAST = 99.0

EVERY = (
    "tests/schema/test_catalog.py",
    "tests/schema/test_guarantees.py",
    "tests/isolation/test_walls.py",
    "tests/api/test_errors.py",
    "tests/isolation/test_doors.py",
    "tests/audit/test_trail.py",
)

TESTS: dict[str, tuple[str, ...]] = {
    "identity": (
        *EVERY,
        "tests/queries/identity",
        "tests/authjs/test_views.py",
        "tests/api/test_store.py",
        # The large tables are filled first.
        "tests/queries/identity/test_plans_at_scale.py",
    ),
    "authjs": (*EVERY, "tests/authjs"),
    "work": (
        *EVERY,
        "tests/isolation/test_jobs.py",
        "tests/queries/work",
        "tests/queries/render",
        "tests/concurrency",
    ),
    "render": (
        *EVERY,
        "tests/isolation/test_jobs.py",
        "tests/queries/render",
        "tests/render",
        "tests/poison/test_render.py",
    ),
    "studio": (
        *EVERY,
        "tests/queries/studio",
        "tests/studio/test_aseprite.py",
        "tests/worker/sync/test_steps.py",
        "tests/concurrency/test_steps.py",
    ),
    "media": (
        *EVERY,
        "tests/queries/media",
        "tests/media",
    ),
    "ops": (
        *EVERY,
        "tests/queries",
        "tests/studio/test_janitor.py",
        "tests/prisma",
    ),
}


def main(arguments: Sequence[str]) -> int:
    """Judge what was asked for; 1 where a room falls short."""
    parser = argparse.ArgumentParser(prog="just prove mutants", description=__doc__)
    parser.add_argument("rooms", nargs="*", help="schemas; all without one")
    parser.add_argument(
        "--kind", action="append", help="only this kind: default, index, policy …"
    )
    parser.add_argument("--again", type=Path, help="only who survives in this log")
    parser.add_argument("--beyond", type=Path, help="only who is not in this log yet")
    parser.add_argument("--only", help="only names that match this expression")
    parser.add_argument("--tests", nargs="+", help="only these tests")
    parser.add_argument("--sample", type=int, help="so many, drawn by chance")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--jobs", type=int, default=2, help="so many at a time")
    parser.add_argument("--log", type=Path, help="who killed whom, a JSON line each")
    asked = parser.parse_args(arguments)

    # However it is ended, its forks and its server end with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.pop("RENDERSTORE_PROVE", None)
    survivors = _named(asked.again, alive=True) if asked.again else None
    judged = _named(asked.beyond) if asked.beyond else set[tuple[str, str]]()
    with ExitStack() as stack:
        servers = [stack.enter_context(running_server())]
        while len(servers) < asked.jobs:
            servers.append(stack.enter_context(running_server(servers[0].admin_url)))
        with psycopg.connect(servers[0].url(servers[0].template)) as conn:
            every = mutants(conn)
        chosen = [
            mutant
            for mutant in every
            if (not asked.rooms or mutant.room in asked.rooms)
            and (asked.kind is None or mutant.kind in asked.kind)
            and (survivors is None or (mutant.kind, mutant.name) in survivors)
            and (mutant.kind, mutant.name) not in judged
            and (asked.only is None or re.search(asked.only, mutant.name))
        ]
        if unknown := {*asked.rooms} - {mutant.room for mutant in every}:
            parser.error(f"no such room: {', '.join(sorted(unknown))}")
        if asked.sample is not None:
            chosen = random.Random(asked.seed).sample(
                chosen, min(asked.sample, len(chosen))
            )
            print(f"seed {asked.seed}")
        report = _Report(len(chosen), asked.log)
        tests = {
            mutant.room: [
                path
                for path in asked.tests
                or TESTS.get(mutant.room, (*EVERY, f"tests/queries/{mutant.room}"))
                if Path(path.partition("::")[0]).exists()
            ]
            for mutant in chosen
        }
        judge = Judge([Bench(server) for server in servers], tests, chosen, report.add)
        collect(judge, {path for paths in tests.values() for path in paths})
    code = report.end()
    if judge.unsound:
        print("\n\n".join(judge.unsound))
        return 2
    return code


def _named(log: Path, *, alive: bool = False) -> set[tuple[str, str]]:
    """Whom a log names; with alive only who survived."""
    said = [json.loads(line) for line in log.read_text().splitlines()]
    return {
        (one["kind"], one["name"])
        for one in said
        if not (alive and one["killer"] is not None)
    }


class _Report:
    """Prints who survives, as they do, and the rates at the end."""

    def __init__(self, size: int, log: Path | None) -> None:
        self._size = size
        self._log = log
        self._judged: defaultdict[str, int] = defaultdict(int)
        self._killed: defaultdict[str, int] = defaultdict(int)

    def add(self, mutant: Mutant, verdict: Verdict) -> None:
        """Note a verdict."""
        self._judged[mutant.room] += 1
        self._killed[mutant.room] += verdict.killer is not None
        if verdict.killer is None:
            print(
                f"survives: {mutant.kind}: {mutant.name}\n    {mutant.statements}",
                flush=True,
            )
        if self._log is not None:
            with self._log.open("a") as file:
                said = {
                    "room": mutant.room,
                    "kind": mutant.kind,
                    "name": mutant.name,
                    "killer": verdict.killer,
                    "why": verdict.why[-1500:],
                    "seconds": round(verdict.seconds, 2),
                }
                file.write(json.dumps(said) + "\n")
        if sys.stderr.isatty():
            print(
                f"\r{sum(self._judged.values())}/{self._size} ", end="", file=sys.stderr
            )

    def end(self) -> int:
        """Print the rates; 1 where one is too low."""
        worst = 100.0
        for room, judged in sorted(self._judged.items()):
            rate = 100 * self._killed[room] / judged
            worst = min(worst, rate)
            print(f"{room}: {self._killed[room]} of {judged} killed, {rate:.1f} %")
        return int(worst < LEAST)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
