"""Other queues on PostgreSQL, each driven at the best setting that we found.

A peer is a program of its own that is ended when its queue is empty. Its jobs hold what ours
hold: 2 KB of configuration and the paths.
Those for Python are the group `bench`, which the recipe brings; those for Node are installed into a folder outside the checkout,
RENDERSTORE_PEERS, in the versions of package.json here: another one may export or do something else.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from bench.ground import CONTENT

from renderstore import settings

HERE = Path(__file__).parent
NODE_MODULES = Path(os.environ.get("RENDERSTORE_PEERS", "/var/tmp/renderstore-peers"))


def install() -> None:
    """Those for Node, in their pinned versions, unless they are there; says why where that fails."""
    # Written last: a half installation is not taken for a whole one.
    wanted, kept = HERE / "package.json", NODE_MODULES / "installed.json"
    if kept.exists() and kept.read_bytes() == wanted.read_bytes():
        return
    if shutil.which("npm") is None:
        print("  (npm is not installed, and brings the peers for Node)")
        return
    kept.unlink(missing_ok=True)
    # What another version left would pass for this one.
    shutil.rmtree(NODE_MODULES / "node_modules", ignore_errors=True)
    NODE_MODULES.mkdir(parents=True, exist_ok=True)
    shutil.copy(wanted, NODE_MODULES / "package.json")
    said = subprocess.run(
        [
            *("npm", "install", "--no-package-lock", "--no-audit", "--no-fund"),
            *("--ignore-scripts", "--prefer-offline", "--loglevel=error"),
        ],
        cwd=NODE_MODULES,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode:
        shutil.rmtree(NODE_MODULES / "node_modules", ignore_errors=True)
        print(f"  (npm could not fetch the peers for Node: {said.stderr[-500:]})")
        return
    shutil.copy(wanted, kept)


def require(peers: Iterable[Peer | Prisma]) -> None:
    """End the run where one of them is not installed: its promises would pass unasked."""
    if missing := [one.name for one in peers if not one.is_here]:
        without = "".join(f" --without {name}" for name in missing)
        sys.exit(
            f"Not installed: {', '.join(missing)}. `just bench` installs them; leave out by{without}."
        )


@dataclass(frozen=True, slots=True)
class Prisma:
    """Prisma 7, which is no queue: bench.prisma drives it."""

    name: str = "prisma"

    @property
    def is_here(self) -> bool:
        """Whether it is installed."""
        return (NODE_MODULES / "node_modules" / "prisma").exists()


@dataclass(frozen=True, slots=True)
class Peer:
    """One peer: how to start it, and how to count what it has not completed."""

    name: str
    program: tuple[str, ...]
    remaining: str
    needs: Path | str

    @property
    def is_here(self) -> bool:
        """Whether it is installed."""
        if isinstance(self.needs, Path):
            return self.needs.exists()
        return find_spec(self.needs) is not None

    def set_up(self, url: str, jobs: int) -> None:
        """Its tables, with so many jobs in them."""
        self._call("fill", url, str(jobs))

    def submit(self, url: str, jobs: int) -> float:
        """Submit so many one after another on one connection; the jobs a second."""
        self._call("fill", url, "1")
        return float(self._call("submit", url, str(jobs)))

    @contextlib.contextmanager
    def working(self, url: str, connections: int, batch: int) -> Generator[None]:
        """Its worker, with so many at once and so many a round trip."""
        worker = subprocess.Popen(
            [*self.program, "work", str(connections), str(batch)],
            env=self._environment(url),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            worker.kill()
            worker.wait()

    def _call(self, what: str, url: str, *arguments: str) -> str:
        said = subprocess.run(
            [*self.program, what, *arguments],
            env=self._environment(url),
            capture_output=True,
            text=True,
            check=False,
        )
        if said.returncode:
            raise RuntimeError(f"{self.name}: {said.stderr[-2000:]}")
        return said.stdout

    def _environment(self, url: str) -> dict[str, str]:
        known = settings.parse(url)
        return {
            **os.environ,
            **known.environment(),
            "PGUSER": known.user,
            "PEERS": str(NODE_MODULES),
            "CONTENT": CONTENT,
        }


def _python(name: str) -> Sequence[str]:
    return (sys.executable, str(HERE / f"{name}_peer.py"))


def _node(name: str) -> Sequence[str]:
    return ("node", str(HERE / f"{name}_peer.mjs"))


PGQUEUER = Peer(
    "pgqueuer",
    tuple(_python("pgqueuer")),
    "select count(*) from public.pgqueuer",
    "pgqueuer",
)
PROCRASTINATE = Peer(
    "procrastinate",
    tuple(_python("procrastinate")),
    "select count(*) from public.procrastinate_jobs where status in ('todo', 'doing')",
    "procrastinate",
)
GRAPHILE = Peer(
    "graphile-worker",
    tuple(_node("graphile")),
    "select count(*) from graphile_worker._private_jobs",
    NODE_MODULES / "node_modules" / "graphile-worker",
)
PG_BOSS = Peer(
    "pg-boss",
    tuple(_node("pgboss")),
    "select count(*) from pgboss.job where name = 'noop' and state < 'completed'",
    NODE_MODULES / "node_modules" / "pg-boss",
)
ALL = (PGQUEUER, PROCRASTINATE, GRAPHILE, PG_BOSS)
PRISMA = Prisma()
