"""nexrender's own validator, fetched from npm and asked in Node."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests import npm

HERE = Path(__file__).parent


def refusals(texts: Sequence[str]) -> list[str]:
    """For each JSON text what create() and validate() say against it, empty if nothing."""
    with tempfile.TemporaryDirectory() as made:
        # Node looks for packages beside the script, and the checkout has none.
        shutil.copy(HERE / "oracle.mjs", made)
        (Path(made) / "node_modules").symlink_to(
            npm.packages(HERE / "package.json", "nexrender")
        )
        done = subprocess.run(
            ["node", "oracle.mjs"],
            cwd=made,
            input="".join(f"{text}\n" for text in texts),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 0, done.stderr
    said = done.stdout.split("\n")[:-1]
    assert len(said) == len(texts), "open tests/render/oracle.mjs: a line for each line"
    return said
