"""A peer that is missing ends `just bench queue`: its promises would pass unasked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
FOR_PYTHON = ("pgqueuer", "procrastinate")


def test_a_missing_peer_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.queue", "one", "--without", "pg-boss"]
        + [word for name in FOR_PYTHON for word in ("--without", name)],
        cwd=CHECKOUT,
        # Where npm is not, nothing brings those for Node.
        env={**os.environ, "PATH": str(tmp_path), "RENDERSTORE_PEERS": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr == (
        "Not installed: graphile-worker. `just bench` installs them; leave out by"
        " --without graphile-worker.\n"
    )
    assert "Drain" not in ran.stdout
