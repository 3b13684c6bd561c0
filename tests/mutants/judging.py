"""One pytest session, collected once: each mutant is judged by a fork of it.

A fork has every module imported and every test collected, so a mutant costs what its killer
costs. The tests that killed mutants of a kind come first when the next one of it is judged.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import traceback
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from tempfile import TemporaryDirectory

import pytest

from renderstore.testing import Server

from .making import Bench, Mutant

FIRST_ASKED = 12
PATIENCE_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Which test killed a mutant, or none."""

    killer: str | None
    why: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Question:
    """Whether these tests kill a mutant; without one, whether they pass at all."""

    mutant: Mutant | None
    items: list[pytest.Item]


@dataclass(frozen=True, slots=True)
class _Trial:
    bench: Bench
    question: _Question
    pid: int
    began: float


class Judge:
    """The pytest plugin that runs the collected tests in forks, a mutant a fork."""

    def __init__(
        self,
        benches: Sequence[Bench],
        tests: Mapping[str, Sequence[str]],
        tried: Sequence[Mutant],
        say: Callable[[Mutant, Verdict], None],
    ) -> None:
        self._free = list(benches)
        self._tests = tests
        self._tried = tried
        self._say = say
        self._server: Server | None = None
        self._failed: pytest.TestReport | None = None
        self._killers: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._trusted: set[str] = set()
        self._unfit: set[str] = set()
        self.unsound: list[str] = []

    @pytest.fixture(scope="session")
    def renderstore_server(self) -> Server:
        """The server whose template is the mutant's."""
        assert self._server is not None, "a test ran outside of a fork"
        return self._server

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be read would let mutants survive."""
        if report.failed:
            self.unsound.append(f"{report.nodeid}\n{report.longreprtext}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the first failure."""
        if report.failed and self._failed is None:
            self._failed = report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Judge all mutants, a fork a bench at a time."""
        if self.unsound:
            return True
        items = [item for item in session.items if _asks_the_template(item)]
        with TemporaryDirectory(prefix="mutants-") as folder:
            os.environ["PYTEST_DEBUG_TEMPROOT"] = folder
            trials: dict[int, _Trial] = {}
            try:
                self._judge_all(items, trials)
            finally:
                for trial in trials.values():
                    os.killpg(trial.pid, signal.SIGKILL)
        return True

    def _judge_all(
        self, items: Sequence[pytest.Item], trials: dict[int, _Trial]
    ) -> None:
        named = {item.nodeid: item for item in items}
        waiting = deque[_Question](
            _Question(mutant, self._of_room(items, mutant.room))
            for mutant in self._tried
        )
        unsure: dict[str, list[tuple[_Question, Verdict]]] = {}
        while waiting or trials:
            while waiting and self._free:
                self._begin(trials, waiting.popleft())
            trial, verdict = self._next(trials)
            self._free.append(trial.bench)
            mutant, killer = trial.question.mutant, verdict.killer
            if mutant is None:  # a killer was asked about the sound schema
                [item] = trial.question.items
                waited = unsure.pop(item.nodeid)
                if killer is None:
                    self._trusted.add(item.nodeid)
                    for question, earlier in waited:
                        self._settle(question, earlier)
                else:
                    self.unsound.append(
                        f"fails without a mutant: {killer}\n{verdict.why}"
                    )
                    self._unfit.add(item.nodeid)
                    waiting.extendleft(question for question, _ in waited)
            elif killer is None or killer in self._trusted or killer not in named:
                self._settle(trial.question, verdict)
            elif killer in unsure:
                unsure[killer].append((trial.question, verdict))
            else:
                unsure[killer] = [(trial.question, verdict)]
                waiting.appendleft(_Question(None, [named[killer]]))

    def _settle(self, question: _Question, verdict: Verdict) -> None:
        assert question.mutant is not None
        if verdict.killer is not None:
            self._killers[question.mutant.kind][verdict.killer] += 1
        self._say(question.mutant, verdict)

    def _of_room(self, items: Iterable[pytest.Item], room: str) -> list[pytest.Item]:
        paths = self._tests[room]
        ranked: list[tuple[int, pytest.Item]] = []
        for item in items:
            # A file that is named apart from its folder has a place of its own.
            own = max(
                (path for path in paths if item.nodeid.startswith(path)),
                key=len,
                default=None,
            )
            if own is not None:
                ranked.append((paths.index(own), item))
        return [item for _, item in sorted(ranked, key=lambda each: each[0])]

    def _order(self, question: _Question) -> list[pytest.Item]:
        """Whoever killed one of its kind is asked first; of an index, who reads plans."""
        if question.mutant is None:
            return question.items
        killers = self._killers[question.mutant.kind].most_common(FIRST_ASKED)
        places = {name: place for place, (name, _) in enumerate(killers)}
        is_index = question.mutant.kind == "index"
        return sorted(
            (item for item in question.items if item.nodeid not in self._unfit),
            key=lambda item: (
                places.get(item.nodeid, FIRST_ASKED),
                is_index and "plans" not in item.nodeid,
            ),
        )

    def _begin(self, trials: dict[int, _Trial], question: _Question) -> None:
        bench = self._free.pop()
        items = self._order(question)
        reading, writing = os.pipe()
        began = time.monotonic()
        if (pid := os.fork()) == 0:
            os.close(reading)
            self._be_judged(question.mutant, bench, items, writing)
        os.close(writing)
        trials[reading] = _Trial(bench, question, pid, began)

    def _be_judged(
        self,
        mutant: Mutant | None,
        bench: Bench,
        items: Sequence[pytest.Item],
        writing: int,
    ) -> None:
        """What a fork does; it never returns."""
        try:
            os.setpgid(0, 0)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for number in range(3):
                os.dup2(nowhere, number)
            bench.lay(mutant)
            self._server = bench.server
            found = self._run(items)
        except BaseException:
            found = Verdict(killer="the tool", why=traceback.format_exc())
        with os.fdopen(writing, "w") as pipe:
            json.dump(asdict(found), pipe)
        os._exit(0)

    def _run(self, items: Sequence[pytest.Item]) -> Verdict:
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._failed is not None:
                return Verdict(killer=item.nodeid, why=self._failed.longreprtext)
        return Verdict(killer=None)

    def _next(self, trials: dict[int, _Trial]) -> tuple[_Trial, Verdict]:
        """The first that ends; one that waits for ever is ended, and so is killed."""
        ready, _, _ = select.select(list(trials), [], [], PATIENCE_S)
        reading = ready[0] if ready else next(iter(trials))
        trial = trials.pop(reading)
        if not ready:
            os.killpg(trial.pid, signal.SIGKILL)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        os.waitpid(trial.pid, 0)
        seconds = time.monotonic() - trial.began
        if not said:
            return trial, Verdict(killer="the wait for its end", seconds=seconds)
        return trial, Verdict(**json.loads(said) | {"seconds": seconds})


def _asks_the_template(item: pytest.Item) -> bool:
    """Whether a mutant could be noticed: not where a test migrates, or has no database."""
    names: Sequence[str] = getattr(item, "fixturenames", ())
    return "renderstore_server" in names and "empty_database" not in names


def collect(judge: Judge, paths: Iterable[str]) -> int:
    """Run pytest with this judge over these files."""
    sys.stdout.flush()
    arguments = [
        *("-p", "no:terminal", "-p", "no:cacheprovider", "-s"),
        # What stands in pyproject.toml is for people who read along.
        *("-o", "addopts=--import-mode=importlib --strict-markers --strict-config"),
        *sorted({*paths}),
    ]
    return int(pytest.main(arguments, plugins=[_Late(judge)]))


class _Late:
    """Registers the judge after the plugins of installed packages: its fixture is the one taken."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def pytest_configure(self, config: pytest.Config) -> None:
        """Now the others are there."""
        config.pluginmanager.register(self._judge)
