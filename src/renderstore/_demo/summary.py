"""What came of a demo, as lines."""

from __future__ import annotations

from collections import Counter

from renderstore._demo.cast import DYING, OUTAGE
from renderstore._demo.scenes import TITLE
from renderstore._demo.stage import Stage
from renderstore._hints import typed
from renderstore.media import downloads
from renderstore.studio import projects
from renderstore.work import JobStatus
from renderstore.work.jobs import Job


def summary(stage: Stage) -> list[str]:
    """What there is now, and with what to look at it."""
    found = [job for job in map(stage.find, stage.submitted) if job is not None]
    became = Counter(job.status for job in found)
    done = [job for job in found if job.status is JobStatus.COMPLETED]
    classes = Counter(
        job.error_class or "unknown" for job in found if job.status is JobStatus.FAILED
    )
    failed = ", ".join(f"{name} {jobs}" for name, jobs in sorted(classes.items()))
    lines = [
        f"In {stage.elapsed:.0f} s {len(found)} jobs were submitted:",
        f"  {len(done):>4} completed, {sum(job.failures > 0 for job in done)} of them after a failed try",
        f"  {became[JobStatus.FAILED]:>4} failed{f': {failed}' if failed else ''}",
        f"  {became[JobStatus.CANCELLED]:>4} cancelled",
        f"  {sum(job.lost_leases for job in found):>4} lost with a silent worker and given back",
    ]
    return [*lines, "", *_to_look_at(stage, found)]


def _to_look_at(stage: Stage, found: list[Job]) -> list[str]:
    tove = stage.user("Tove")
    with tove as conn:
        project = projects.find_by_title(conn, title=TITLE)
        fetched = downloads.list(conn, page_size=1)
    commands = [
        ("watch --once", "the hour, its failures by class, the workers"),
        (
            "psql",
            ":failed, :users, :services, :today; media.download_files, ops.notices",
        ),
    ]
    if project is not None:
        commands.append((f"history studio.projects {project.id}", "the video's life"))
    if lost := next((job for job in found if job.lost_leases), None):
        commands.append((f"history work.jobs {lost.id}", f"the job that {DYING} lost"))
    elif fetched:
        commands.append((f"history work.jobs {fetched[0].id}", "a download's life"))
    commands.append(("health", "how the database stands"))
    lines = ["Look at it:"]
    for command, what in commands:
        lines.append(f"  {typed(command)}")
        lines.append(f"      {what}")
    if stage.is_silent and not stage.asked.is_set():
        lines.append(f"{DYING} stays silent on purpose; {OUTAGE} is no longer checked.")
    return lines
