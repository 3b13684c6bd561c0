"""Figures: the ways of a case run in turn, and what counts is the ratio within a round.

The machine drifts by a factor of two within an hour, so a rate alone says little.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked a measurement for."""

    cases: list[str]
    """All of them where none was named."""
    rounds: int
    is_smoke: bool
    """Whether it is to show that everything runs, and not how fast."""


def asked(said: str | None, *, cases: Collection[str] = (), rounds: int = 7) -> Asked:
    """What the command line asks for; a smoke is one round."""
    parser = argparse.ArgumentParser(
        description=said, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if cases:
        parser.add_argument(
            "case", nargs="*", help=f"of {', '.join(cases)}; all without"
        )
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="small, once: whether everything runs, not how fast",
    )
    found = parser.parse_args()
    named: list[str] = getattr(found, "case", [])
    if unknown := [name for name in named if name not in cases]:
        parser.error(f"There is no case {', '.join(unknown)}.")
    return Asked(
        cases=named or [*cases],
        rounds=1 if found.smoke else found.rounds,
        is_smoke=found.smoke,
    )


@dataclass(frozen=True, slots=True)
class Promise:
    """What a way's figure must be, as a share of another way's."""

    way: str
    of: str
    at_least: float | None = None
    at_most: float | None = None

    def keeps(self, share: float) -> bool:
        """Whether a share is within the promise."""
        return (self.at_least is None or share >= self.at_least) and (
            self.at_most is None or share <= self.at_most
        )

    def __str__(self) -> str:
        bound = f"≥ {self.at_least}" if self.at_most is None else f"≤ {self.at_most}"
        return f"{bound} of {self.of}"


def judge(keeps: bool, said: str) -> bool:
    """Print whether a promise was kept; the same answer."""
    print(f"  {'reached' if keeps else 'MISSED '}  {said}", flush=True)
    return keeps


def compare(
    title: str,
    ways: Mapping[str, Callable[[], float]],
    promises: list[Promise],
    *,
    rounds: int,
    unit: str = "jobs/s",
) -> bool:
    """Run every way in turn, print medians and ratios; whether every promise was kept."""
    seen: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds):
        order = list(ways.items())
        for way, measure in order if number % 2 else reversed(order):
            seen[way].append(measure())
    print(f"\n{title}  [{rounds} rounds, load {os.getloadavg()[0]:.1f}]")
    for way, found in seen.items():
        print(f"  {way:<44} {statistics.median(found):>12,.1f} {unit}")
    kept = True
    for promise in promises:
        share = statistics.median(
            a / b for a, b in zip(seen[promise.way], seen[promise.of], strict=True)
        )
        kept &= judge(promise.keeps(share), f"{promise.way}: {share:.2f} ({promise})")
    return kept
