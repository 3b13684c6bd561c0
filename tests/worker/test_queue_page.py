"""The worker on docs/queue.md works as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from tests import factories

from renderstore import settings
from renderstore.testing import Database

from .support import count, job, submit, user

PAGE = Path(__file__).parents[2] / "docs" / "queue.md"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The page's worker in a file."""
    found = re.search(r"```sh\n(.*?)```", PAGE.read_text(), re.S)
    assert found is not None, "open docs/queue.md: the worker in shell is gone"
    path = tmp_path / "worker.sh"
    path.write_text(found[1])
    return path


def drain(database: Database, script: Path, render: str) -> None:
    """Run the worker until nothing is left."""
    done = subprocess.run(
        ["sh", str(script), "shell-1"],
        env={
            **os.environ,
            **settings.parse(database.url).environment(),
            "RENDER": render,
            "UNTIL_EMPTY": "yes",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_it_has_about_twenty_lines(script: Path) -> None:
    assert len(script.read_text().splitlines()) <= 25


def test_it_finishes_jobs(database: Database, script: Path, tmp_path: Path) -> None:
    submit(database, user(database), 2)
    drain(database, script, f"cat >>{tmp_path}/seen")
    assert count(database, "completed") == 2
    assert (tmp_path / "seen").read_text().count("/renders/a.mov") == 2
    assert factories.look(database, "select distinct held_by from work.events") == [
        ("shell-1",)
    ]


def test_it_fails_a_job_with_what_the_program_said(
    database: Database, script: Path
) -> None:
    [one] = submit(database, user(database))
    drain(database, script, 'echo "it\'s broken" >&2; exit 3')
    found = job(database, one)
    assert (found["status"], found["error_class"], found["error_message"]) == (
        "failed",
        "crashed",
        "it's broken",
    )
