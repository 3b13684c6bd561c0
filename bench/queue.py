"""The queue's figures: ours against raw SQL and against peers, in turn, as ratios within a round.

    just bench queue [case…] [--rounds 5] [--scale 1] [--waiting 100000] [--ended 100000]
        [--binaries FOLDER] [--without PEER] [--smoke]

A scale below 1 takes fewer jobs: 0.2 is a quick look. Raw is hand-written SQL on a narrow table,
which keeps nothing but a status. Ours keeps everything: policies, guard, events, fence, quotas.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import drains, latencies, prisma, submits
from bench.ground import Fill, Ground, ground, sync_cost
from bench.peers import (
    ALL,
    GRAPHILE,
    PG_BOSS,
    PGQUEUER,
    PRISMA,
    PROCRASTINATE,
    Peer,
    Prisma,
    install,
    require,
)
from bench.rounds import Promise, compare, judge


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it."""

    rounds: int
    scale: float
    waiting: int
    ended: int
    seconds: int
    is_smoke: bool
    without: frozenset[str]
    """The peers that somebody asked to leave out."""

    def beside(self, *peers: Peer) -> list[Peer]:
        """Those that a case is measured beside: a smoke times none."""
        return [
            one for one in peers if not self.is_smoke and one.name not in self.without
        ]

    def jobs(self, number: int, batch: int = 1) -> int:
        """So many jobs at this scale, in whole batches for each of 16 clients."""
        return max(1, round(number * self.scale / batch)) * batch


def one(place: Ground, size: Size) -> bool:
    """Drain one at a time: the worker loop against raw and every peer."""
    kept = True
    for connections in (1, 4):
        jobs = size.jobs(2000)
        how = {"connections": connections, "batch": 1, "jobs": jobs}
        ways: dict[str, Callable[[], float]] = {
            "raw": partial(drains.raw_drain, place, **how),
            "ours": partial(drains.ours, place, **how),
        }
        peers = size.beside(*ALL)
        for peer in peers:
            ways[peer.name] = partial(drains.peer, place, peer, **how)
        kept &= compare(
            f"Drain one at a time, {connections} connections: claim and finish in one statement",
            ways,
            [Promise("ours", "raw", at_least=0.4)]
            + [
                Promise("ours", peer.name, at_least=1.4 if peer is GRAPHILE else 1)
                for peer in peers
            ],
            rounds=size.rounds,
        )
    return kept


def small(place: Ground, size: Size) -> bool:
    """Drain in batches of ten: ours against the peers that take small batches."""
    how = {"connections": 2, "batch": 10, "jobs": size.jobs(10000, 20)}
    peers = size.beside(PGQUEUER, GRAPHILE, PG_BOSS)
    ways: dict[str, Callable[[], float]] = {"ours": partial(drains.ours, place, **how)}
    for peer in peers:
        ways[peer.name] = partial(drains.peer, place, peer, **how)
    return compare(
        "Drain in batches of 10, 2 connections",
        ways,
        [Promise("ours", peer.name, at_least=1.6) for peer in peers],
        rounds=size.rounds,
    )


def apart(place: Ground, size: Size) -> bool:
    """Claim and finish, a statement each, under pgbench."""
    kept = True
    for connections in (1, 4, 16):
        how = {"connections": connections, "batch": 1, "jobs": size.jobs(3000, 16)}
        kept &= compare(
            f"Claim and finish apart, {connections} clients of pgbench",
            {
                "raw": partial(drains.raw_drain, place, **how),
                "ours": partial(drains.apart, place, **how),
            },
            [Promise("ours", "raw", at_least=0.35)],
            rounds=size.rounds,
        )
    return kept


def batches(place: Ground, size: Size) -> bool:
    """Drain in batches of 100 and 500: ahead of the best peer."""
    kept = True
    for batch in (100, 500):
        how = {"connections": 4, "batch": batch, "jobs": size.jobs(60000, 4 * batch)}
        peers = size.beside(PGQUEUER, PG_BOSS, GRAPHILE)
        ways: dict[str, Callable[[], float]] = {
            "raw": partial(drains.raw_drain, place, **how),
            "ours": partial(drains.ours, place, **how),
            "ours, SQL alone (pgbench, apart)": partial(drains.apart, place, **how),
        }
        for peer in peers:
            ways[peer.name] = partial(drains.peer, place, peer, **how)
        kept &= compare(
            f"Drain in batches of {batch}, 4 connections",
            ways,
            [
                Promise("ours", peer.name, at_least=1.4 if batch == 100 else 1.6)
                for peer in peers
            ],
            rounds=size.rounds,
        )
    return kept


def _peer_submits(place: Ground, peer: Peer, jobs: int) -> float:
    with place.lent(place.empty()) as database:
        return peer.submit(database.admin_url, jobs)


def submit(place: Ground, size: Size) -> bool:
    """Submit one at a time, against a bare insert and against peers."""
    kept = True
    for connections, share in ((1, 0.35), (16, 0.40)):
        jobs = size.jobs(1600, 16)
        peers = size.beside(PROCRASTINATE, PGQUEUER, GRAPHILE, PG_BOSS)
        ways: dict[str, Callable[[], float]] = {
            "bare insert": partial(
                submits.one_by_one, place, bare=True, connections=connections, jobs=jobs
            ),
            "ours, 16 users": partial(
                submits.one_by_one,
                place,
                bare=False,
                connections=connections,
                jobs=jobs,
            ),
            "ours, one user": partial(
                submits.one_by_one,
                place,
                bare=False,
                one_user=True,
                connections=connections,
                jobs=jobs,
            ),
        }
        # Peers submit on one connection.
        for peer in peers if connections == 1 else []:
            ways[peer.name] = partial(_peer_submits, place, peer, size.jobs(1600))
        kept &= compare(
            f"Submit one at a time, {connections} clients, every limit of the plan set",
            ways,
            [Promise("ours, 16 users", "bare insert", at_least=share)]
            + [
                Promise(
                    "ours, 16 users", name, at_least=0.5 if name == "pgqueuer" else 1
                )
                for name in ways
                if name in {peer.name for peer in peers}
            ],
            rounds=size.rounds,
        )
    return kept


def bulk(place: Ground, size: Size) -> bool:
    """Ten thousand jobs in one call, against COPY into one bare table."""
    jobs = size.jobs(10000)
    return compare(
        f"Submit {jobs:,} jobs in one call",
        {
            "COPY": partial(submits.copy, place, jobs=jobs),
            "submit_many": partial(submits.bulk, place, jobs=jobs),
        },
        [Promise("submit_many", "COPY", at_least=0.4)],
        rounds=size.rounds,
    )


def claim(place: Ground, size: Size) -> bool:
    """p99 of a claim beside many that wait, half of which it cannot take, and many that ended."""
    count = size.jobs(500)
    many = Fill(waiting=size.waiting // 2, foreign=size.waiting // 2, ended=size.ended)
    return compare(
        f"Claim p99: {size.waiting:,} waiting, {size.ended:,} ended against 1,000 and none",
        {
            "few": lambda: latencies.claims(place, Fill(waiting=1000), count=count)[1],
            "many": lambda: latencies.claims(place, many, count=count)[1],
        },
        [Promise("many", "few", at_most=1.5)],
        rounds=size.rounds,
        unit="ms",
    )


def held(place: Ground, size: Size) -> bool:
    """Throughput and p99 under one held snapshot: the last third of the time against the first."""
    jobs = size.seconds * 5000
    p99s: list[float] = []

    def ours() -> float:
        share, p99 = latencies.held(place, seconds=size.seconds, jobs=jobs)
        p99s.append(p99)
        return share

    kept = compare(
        f"Drain for {size.seconds} s under one held snapshot: the end as a share of the start",
        {
            "start": lambda: 1.0,
            "raw": partial(latencies.held_raw, place, seconds=size.seconds, jobs=jobs),
            "ours": ours,
        },
        [Promise("ours", "start", at_least=0.8)],
        rounds=min(size.rounds, 3),
        unit="of the start",
    )
    p99 = statistics.median(p99s)
    return judge(p99 <= 2, f"ours, p99: {p99:.2f} (≤ 2 of start)") and kept


def start(place: Ground, size: Size) -> bool:
    """From a submission to its start on an idle worker."""
    count = size.jobs(200)
    return compare(
        "Submit to start on an idle worker, p99",
        {
            "raw LISTEN and claim": partial(latencies.start_raw, place, count=count),
            "ours": partial(latencies.start_ours, place, count=count),
        },
        [Promise("ours", "raw LISTEN and claim", at_most=2)],
        rounds=size.rounds,
        unit="ms",
    )


def heartbeats(place: Ground, size: Size) -> bool:
    """Heartbeats of 50 jobs in a statement against single bare updates."""
    count = size.jobs(5000, 50)
    return compare(
        "Heartbeats, 50 in a statement",
        {
            "bare updates": partial(latencies.heartbeats_bare, place, count=count),
            "ours": partial(latencies.heartbeats, place, at_once=50, count=count),
        },
        [Promise("ours", "bare updates", at_least=12)],
        rounds=size.rounds,
    )


def plans(place: Ground, size: Size) -> bool:
    """Whether each hot statement comes to run on a generic plan."""
    del size
    print("\nGeneric and custom plans of 100 executions on a fresh connection")
    kept = True
    for name, (generic, custom) in latencies.plans(place).items():
        kept &= judge(generic > 0, f"{name}: {generic} generic, {custom} custom")
    return kept


ASKED = {
    "submit": 1.2,
    "get": 1.3,
    "progress": 1.2,
    "finish and claim": 2.0,
    "list of 20": 4.0,
}


def applications(place: Ground, size: Size) -> bool:
    """What an application does, beside Prisma 7: a process each, four in flight."""
    if PRISMA.name in size.without:
        return True
    seconds = 3 * size.scale
    rounds = [
        (prisma.ours(place, seconds), prisma.theirs(place, seconds))
        for _ in range(size.rounds)
    ]
    print(f"\nPrisma 7, 4 in flight  [{size.rounds} rounds]")
    kept = True
    for name, least in ASKED.items():
        shares = [ours[name] / theirs[name] for ours, theirs in rounds]
        rate = statistics.median(ours[name] for ours, _ in rounds)
        share = statistics.median(shares)
        kept &= judge(
            share >= least,
            f"{name}: {rate:,.0f} a second, {share:.2f} (≥ {least} of Prisma)",
        )
    return kept


FEW = 20


def peers(place: Ground, size: Size) -> bool:
    """Whether each peer, as pinned, still does what it is measured at; not how fast."""
    print(f"\nPeers: {FEW} jobs filled and drained, some submitted")
    kept = True
    for peer in (one for one in ALL if one.name not in size.without):
        left = [
            drains.emptied(place, peer, batch=batch, jobs=FEW)
            for batch in ((1,) if peer is PROCRASTINATE else (1, 10))
        ]
        rate = _peer_submits(place, peer, FEW)
        kept &= judge(
            not any(left) and rate > 0, f"{peer.name}: {sum(left)} left undone"
        )
    if PRISMA.name not in size.without:
        found = prisma.theirs(place, 0.1)
        kept &= judge(
            found.keys() == ASKED.keys() and min(found.values()) > 0,
            f"{PRISMA.name}: {', '.join(found)}",
        )
    return kept


BESIDE_PEERS = (one, small, batches, submit)
CASES = {
    case.__name__: case
    for case in (
        one,
        small,
        apart,
        batches,
        submit,
        bulk,
        claim,
        held,
        start,
        heartbeats,
        applications,
        peers,
        plans,
    )
}


def main() -> None:
    """Run the cases asked for; fail where a promise was not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("case", nargs="*", help=f"of {', '.join(CASES)}; all without")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--ended", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=30, help="of a held snapshot")
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="small, once, timed beside raw only: whether everything runs, not how fast",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=[each.name for each in (*ALL, PRISMA)],
        help="a peer to leave out; again for more. One that is missing ends the run",
    )
    parser.add_argument(
        "--binaries",
        type=Path,
        help="another PostgreSQL than the embedded one, as /usr/lib/postgresql/15/bin",
    )
    asked = parser.parse_args()
    if unknown := [name for name in asked.case if name not in CASES]:
        parser.error(f"There is no case {', '.join(unknown)}.")
    if asked.binaries and not (asked.binaries / "postgres").is_file():
        parser.error(f"There is no PostgreSQL in {asked.binaries}.")
    without = frozenset(asked.without)
    if asked.smoke:
        size = Size(1, 0.05, 2000, 2000, 3, True, without)
    else:
        size = Size(
            asked.rounds,
            asked.scale,
            asked.waiting,
            asked.ended,
            asked.seconds,
            False,
            without,
        )
    cases = [CASES[name] for name in asked.case or CASES]
    needed = {PRISMA} if {applications, peers} & {*cases} else set[Peer | Prisma]()
    if peers in cases or (not asked.smoke and {*BESIDE_PEERS} & {*cases}):
        needed |= {*ALL}
    if needed := {each for each in needed if each.name not in without}:
        install()
        require(needed)
    print(f"An fsync of 8 KB takes {sync_cost():.2f} ms here.")
    with ground(asked.binaries) as place:
        kept = {case.__name__: case(place, size) for case in cases}
    # A smoke asks how fast of nothing, and whether it works of the peers.
    sys.exit(not kept.get("peers", True) if asked.smoke else not all(kept.values()))


if __name__ == "__main__":
    main()
