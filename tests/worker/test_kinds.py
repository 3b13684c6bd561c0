"""A kind of job is told in one place of the worker, and its view by the page that programs are written from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from renderstore import worker
from renderstore.render.jobs import Job
from renderstore.work import JobKind
from renderstore.worker._aio.kinds import Spec

ROOT = Path(worker.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "queue.md"
VIEWS = {each.__module__.removeprefix("renderstore.") for each in get_args(Spec)}


def test_no_other_module_of_the_worker_knows_a_room() -> None:
    rooms = {view.partition(".")[0] for view in VIEWS}
    assert rooms == {"render", "media", "studio"}
    found = {
        f"{path.relative_to(ROOT)}: {line}"
        for path in ROOT.rglob("*.py")
        if path.name != "kinds.py"
        for line in path.read_text().splitlines()
        if re.search(rf"^from renderstore\.(?:aio\.)?(?:{'|'.join(rooms)})\b", line)
    }
    # `job.spec()` without a class is a render's, whatever kinds there are.
    allowed = f"from {Job.__module__} import Job as RenderJob"
    assert found == {f"{each}/job.py: {allowed}" for each in ("_aio", "_sync")}


def test_the_page_names_each_kinds_view() -> None:
    [said] = re.findall(r"and `spec`: (the columns of .*?);", PAGE.read_text(), re.S)
    assert set(re.findall(r"`(\w+\.\w+)`", said)) == VIEWS, f"open {PAGE}"
    assert len(VIEWS) == len(JobKind), "each kind has a view of its own"
