"""The house's health: what `Store.health()` gives, and how programs read it.

    found = store.health()
    if found.verdict is Verdict.FAIL:
        print("\\n".join(found.reasons))

Thresholds are rows of ops.health_rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from renderstore._rows import Json
from renderstore.ops.enums import HealthUnit, Verdict
from renderstore.ops.health import HealthMeasure, SlowStatement

__all__ = [
    "FarmsHealth",
    "Health",
    "HealthMeasure",
    "HealthUnit",
    "SlowStatement",
    "Verdict",
    "text_for_prometheus",
]

# Worst first.
_BY_WEIGHT = (Verdict.FAIL, Verdict.WARN, Verdict.UNKNOWN, Verdict.OK)
# As Nagios and those after it read a program's exit status.
_STATUS = {Verdict.OK: 0, Verdict.WARN: 1, Verdict.FAIL: 2, Verdict.UNKNOWN: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a database stands, as one login sees it."""

    verdict: Verdict
    """The worst of all measures. Unknown is not ok: somebody who sees more has to ask."""
    measures: Sequence[HealthMeasure]
    """In the order of ops.health_rules; none where the database was not reached."""
    slowest: Sequence[SlowStatement] = ()
    """What cost the most time, the costliest first; none where the server does not count or the role may not see."""
    problem: str | None = None
    """Why it was not reached; null where it was."""
    server_version: str | None = None
    database: str | None = None
    login: str | None = None
    role: str | None = None
    """The role that was entered to look; null where the login may enter none."""
    is_pooled: bool = False

    @property
    def reasons(self) -> list[str]:
        """What is not ok, the worst first, a sentence each."""
        said = [] if self.problem is None else [self.problem]
        worst = sorted(
            (each for each in self.measures if each.verdict is not Verdict.OK),
            key=lambda each: _BY_WEIGHT.index(each.verdict),
        )
        return said + [each.sentence for each in worst]

    @property
    def exit_status(self) -> int:
        """0 ok, 1 warn, 2 fail, 3 unknown: what Nagios and its heirs expect of a check."""
        return _STATUS[self.verdict]

    def as_json(self) -> dict[str, Json]:
        """The same for programs."""
        return {
            "verdict": str(self.verdict),
            "reasons": [*self.reasons],
            "server_version": self.server_version,
            "database": self.database,
            "login": self.login,
            "role": self.role,
            "is_pooled": self.is_pooled,
            "measures": {
                each.name: {
                    "verdict": str(each.verdict),
                    "value": each.value,
                    "unit": str(each.unit),
                    "sentence": each.sentence,
                }
                for each in self.measures
            },
            "slowest": [asdict(each) for each in self.slowest],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmsHealth:
    """How home and its farms stand. Where home is a farm as well, it stands under both and is counted once."""

    home: Health
    farms: Mapping[int, Health]

    @property
    def nodes(self) -> list[tuple[str, Health]]:
        """Each node once, by the name that people give it."""
        farms = [
            (f"farm {number}{', home' * (each is self.home)}", each)
            for number, each in self.farms.items()
        ]
        is_a_farm = any(each is self.home for each in self.farms.values())
        return farms if is_a_farm else [("home", self.home), *farms]

    @property
    def verdict(self) -> Verdict:
        """The worst of all nodes."""
        found = {each.verdict for _, each in self.nodes}
        return next(each for each in _BY_WEIGHT if each in found)

    @property
    def reasons(self) -> list[str]:
        """What is not ok and where, a sentence each."""
        return [f"{name}: {why}" for name, each in self.nodes for why in each.reasons]

    @property
    def exit_status(self) -> int:
        """0 ok, 1 warn, 2 fail, 3 unknown, as one node's."""
        return _STATUS[self.verdict]

    def as_json(self) -> dict[str, Json]:
        """The same for programs."""
        return {
            "verdict": str(self.verdict),
            "reasons": [*self.reasons],
            "nodes": {name: each.as_json() for name, each in self.nodes},
        }


def unreached(problem: str) -> Health:
    """A database that did not answer."""
    return Health(verdict=Verdict.FAIL, measures=(), problem=problem)


def worst(measures: Sequence[HealthMeasure]) -> Verdict:
    """The heaviest verdict of these."""
    found = {each.verdict for each in measures}
    return next((each for each in _BY_WEIGHT if each in found), Verdict.UNKNOWN)


def text_for_prometheus(health: Health | FarmsHealth) -> str:
    """The same numbers in Prometheus's text format, of farms with the node as a label. What is unknown, or nothing, has no sample."""
    if isinstance(health, Health):
        nodes = [("", health)]
    else:
        nodes = [(f'node="{name}"', each) for name, each in health.nodes]
    found: dict[str, list[str]] = {}

    def add(name: str, said: str, labels: Sequence[str], value: object) -> None:
        full = f"renderstore_{name}"
        lines = found.setdefault(
            full, [f"# HELP {full} {said}", f"# TYPE {full} gauge"]
        )
        shown = ",".join(filter(None, labels))
        lines.append(f"{full}{f'{{{shown}}}' if shown else ''} {value}")

    for node, each in nodes:
        is_up = int(each.problem is None)
        add("up", "Whether the database was reached.", [node], is_up)
        said = "How it stands: 0 ok, 1 warn, 2 fail, 3 unknown."
        add("verdict", said, [node], each.exit_status)
        for one in each.measures:
            said = "How one measure stands: 0 ok, 1 warn, 2 fail, 3 unknown."
            labels = [node, f'measure="{one.name}"']
            add("measure_verdict", said, labels, _STATUS[one.verdict])
        for one in each.measures:
            if one.value is not None:
                add(one.name, f"{one.name}, in {one.unit}.", [node], repr(one.value))
    return "\n".join(line for lines in found.values() for line in lines) + "\n"
