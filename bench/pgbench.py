"""pgbench, run and read: how many a second, and how many there were."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from renderstore import settings


@dataclass(frozen=True, slots=True)
class Ran:
    """What pgbench said of a run."""

    per_second: float
    transactions: int
    series: list[float]
    """Transactions a second, for each second of a timed run."""
    latencies: list[float]
    """How long each transaction of a timed run took, in milliseconds, in the order of their ends."""


def run(
    binaries: Path,
    url: str,
    script: str,
    *,
    clients: int,
    transactions: int = 0,
    seconds: int = 0,
    values: Mapping[str, str | int] | None = None,
    before: str = "",
) -> Ran:
    """Run a script with prepared statements, for so many transactions or seconds."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "script.sql")
        file.write_text(script)
        command = [str(binaries / "pgbench"), "-n", "-M", "prepared", "-f", str(file)]
        command += ["-c", str(clients), "-j", str(min(2, clients))]
        command += (
            ["-T", str(seconds), "-P", "1", "-l", "--log-prefix", f"{folder}/log"]
            if seconds
            else ["-t", str(max(1, transactions // clients))]
        )
        for name, value in (values or {}).items():
            command += ["-D", f"{name}={value}"]
        environment = {**os.environ, **settings.parse(url).environment()}
        if before:
            environment["PGOPTIONS"] = before
        said = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
        latencies = _latencies(Path(folder))
    if said.returncode or "failed transactions: 0 " not in said.stdout:
        raise RuntimeError(said.stderr[-2000:] + said.stdout[-500:])
    return Ran(
        per_second=_number(r"tps = ([\d.]+) \(without", said.stdout),
        transactions=int(_number(r"actually processed: (\d+)", said.stdout)),
        series=[
            float(found)
            for found in re.findall(r"progress: [\d.]+ s, ([\d.]+) tps", said.stderr)
        ],
        latencies=latencies,
    )


def _latencies(folder: Path) -> list[float]:
    """From lines of client, transaction, microseconds, script, second, microsecond."""
    ended: list[tuple[int, int, float]] = []
    for file in folder.glob("log.*"):
        for line in file.read_text().splitlines():
            words = line.split()
            ended.append((int(words[4]), int(words[5]), int(words[2]) / 1000))
    return [took for _, _, took in sorted(ended)]


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    assert found is not None, text
    return float(found.group(1))
