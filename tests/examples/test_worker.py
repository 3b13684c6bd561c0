"""examples/worker: a worker in Python, run as its first lines say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests import factories

from renderstore import render, work
from renderstore.store import SyncStore
from renderstore.testing import Database

from .support import EXAMPLES


def run(database: Database, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / "worker" / "worker.py", *arguments],
        env={**os.environ, "DATABASE_URL": database.url},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_renders_frames_logs_and_reports_its_files(
    database: Database, store: SyncStore, tmp_path: Path
) -> None:
    owner = factories.users.make(database)
    factories.offer(database, ["gpu"])
    with store.user(owner) as conn:
        job = render.jobs.submit(
            conn,
            template_path="/ads/spot.aep",
            output_path=str(tmp_path / "spot"),
            frame_start=1,
            frame_end=5,
            frame_step=2,
            labels=["gpu"],
        )
    done = run(database, "mac-1", "gpu", "--until-empty")
    assert done.returncode == 0, done.stderr
    with store.user(owner) as conn:
        found = render.jobs.get(conn, id=job.id)
        outputs = render.jobs.list_outputs(conn, job_id=job.id)
        log = work.logs.get_text(conn, job_id=job.id)
    assert (found.status, found.progress) == ("completed", 100)
    assert [Path(one.path).name for one in outputs] == [
        "000001.ppm",
        "000003.ppm",
        "000005.ppm",
    ]
    assert [one.size_bytes for one in outputs] == [
        Path(one.path).stat().st_size for one in outputs
    ]
    assert log == "frame 1 done\nframe 3 done\nframe 5 done\n"


def test_a_folder_that_cannot_be_made_is_a_failure_of_storage(
    database: Database, store: SyncStore, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    owner = factories.users.make(database)
    with store.user(owner) as conn:
        job = render.jobs.submit(
            conn,
            template_path="/ads/spot.aep",
            output_path=str(tmp_path / "file" / "spot"),
        )
    assert run(database, "mac-1", "", "--until-empty").returncode == 0
    found = store.user(owner).run(render.jobs.get, id=job.id)
    # Tried again after its back-off.
    assert (found.status, found.error_class, found.failures) == (
        "pending",
        "storage",
        1,
    )


def test_without_a_name_it_says_how_to_call_it(database: Database) -> None:
    done = run(database)
    assert (done.returncode, done.stderr) == (
        1,
        "usage: worker.py NAME [LABEL,LABEL [--until-empty]]\n",
    )
