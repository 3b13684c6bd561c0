"""What happens on the farm, a scene each: it goes up to what it waits for, and is asked again when that is there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

from renderstore._demo.cast import DYING, LABEL, OUTAGE, VERSION
from renderstore._demo.crew import BUSY_PROVIDER, FLAWS, LONG, PARTLY, WHOLE
from renderstore._demo.stage import Scene, Stage, key
from renderstore.errors import LeaseLost, QuotaExceeded, TransitionRefused
from renderstore.media import MediaType, download_files, downloads, requests
from renderstore.ops import ServiceState
from renderstore.studio import (
    ProjectStatus,
    SceneStatus,
    StepKind,
    projects,
    scenes,
    steps,
)
from renderstore.work import JobKind, JobStatus, jobs, workers

TITLE = "The fox and the lighthouse"
_NARRATIONS = (
    ("The fox finds the shore.", "A fox on wet sand at dusk"),
    ("Two lights answer each other.", BUSY_PROVIDER),
    ("Nobody comes but the tide.", "An empty pier in the fog"),
)
_SHORT_LEASE = timedelta(seconds=4)


def crash(stage: Stage) -> Scene:
    """A worker dies with a job in its hands; its lease runs out, and another one takes the job."""
    mini = stage.store.worker(DYING)
    mini.run(workers.register, kinds=[JobKind.RENDER], labels=[LABEL], version=VERSION)
    stage.is_silent = False
    for name in ("Jonas", "Tove"):
        stage.submit(name)
    while not (claimed := mini.run(jobs.claim, limit=1, lease=_SHORT_LEASE)):
        stage.ready.set()
        yield stage.after(0.3)
    claim = stage.abandoned = claimed[0]
    stage.ready.set()
    try:
        for percent in (10, 25, 40):
            yield stage.after(0.6)
            mini.run(jobs.heartbeat, **key(claim), progress=percent, lease=_SHORT_LEASE)
    except LeaseLost:
        pass  # where this machine was too slow for the lease it is as dead as it is to be
    stage.is_silent = True
    stage.say(
        f"{DYING} dies at 40 % of a job, and says nothing: the job is its own until its lease of"
        f" {_SHORT_LEASE.seconds} s runs out."
    )

    def is_given_back() -> bool:
        job = stage.find(claim.id)
        return job is None or job.held_by != DYING

    yield is_given_back
    stage.abandoned = None
    stage.say(f"The lease is over: what {DYING} held is at the head of its line again.")
    yield stage.ended(claim.id)


def fail(stage: Stage) -> Scene:
    """Jobs that cannot be done, and jobs that can be at the second or third try."""
    made = [stage.submit("Jonas", template, priority=7) for template in FLAWS]
    ids = [each for each in made if each is not None]
    stage.say(
        "Jonas submits four jobs with a flaw each: a crash and a missing license are tried again,"
        " missing footage is not."
    )
    yield stage.ended(*ids)
    found = [job for job in map(stage.find, ids) if job is not None]
    done = sum(job.status is JobStatus.COMPLETED for job in found)
    classes = sorted(
        {
            job.error_class or "unknown"
            for job in found
            if job.status is JobStatus.FAILED
        }
    )
    stage.say(
        f"Of Jonas' four {done} are done after {sum(job.failures for job in found)} failed tries in all;"
        f" failed for good: {', '.join(classes) or 'none'}."
    )


def cancel(stage: Stage) -> Scene:
    """One job is cancelled while it runs, one before it is due."""
    runs = stage.submit("Tove", LONG, priority=9)
    if runs is None:
        return

    def is_begun() -> bool:
        job = stage.find(runs)
        return job is None or job.status not in (JobStatus.QUEUED, JobStatus.PENDING)

    yield is_begun
    yield stage.after(1.5)
    # However many workers are free, none takes it.
    waits = stage.submit("Tove", LONG, due_at=datetime.now(UTC) + timedelta(hours=1))
    for each in (runs, waits):
        if each is not None:
            with suppress(TransitionRefused):  # where it has ended meanwhile
                stage.user("Tove").run(
                    jobs.cancel, id=each, reason="Rendered in the wrong size."
                )
    stage.say(
        "Tove cancels a job that runs and one that is due in an hour: the next heartbeat tells the worker."
    )
    yield stage.ended(runs)


def share(stage: Stage) -> Scene:
    """One user submits many at once, another one few."""
    for _ in range(12):
        if stage.submit("Luca") is None:
            break
    for _ in range(3):
        stage.submit("Tove")
    stage.say(
        "Luca (free, share 1) submits twelve jobs at once, Tove (premium, share 4) three: nobody waits for all of Luca's."
    )
    yield stage.after(0)


def download(stage: Stage) -> Scene:
    """Two playlists: of one a video is private, and one is fetched again."""
    tove = stage.user("Tove")
    made: list[UUID] = []
    for url in (PARTLY, WHOLE):
        try:
            new = tove.run(
                downloads.submit, playlist_url=url, labels=[LABEL], backoff_s=1
            )
        except QuotaExceeded as refused:
            stage.refused("Tove", refused)
            return
        made.append(new.id)
    stage.submitted += made
    stage.say("Tove asks for two playlists; each is one job, whatever its files do.")
    yield stage.ended(*made)
    foxes = tove.run(downloads.get, id=made[0])
    stage.say(
        f"Of the foxes {foxes.kept_files} of {foxes.files} files are kept, {foxes.failed_files} failed: {foxes.status}."
    )
    try:
        again = tove.run(downloads.retry_failed, id=made[0])
    except TransitionRefused:
        return  # somebody cancelled it
    stage.say(
        f"Tove has {again.files} of them fetched again: what broke on the way, not what is private."
    )
    yield stage.ended(made[0])
    files = tove.run(download_files.list_by_download, job_id=made[0], page_size=100)
    stage.say(
        f"Now {sum(each.kept_at is not None for each in files)} of {len(files)} foxes are kept."
    )


def request(stage: Stage) -> Scene:
    """A movie is asked for, approved and there; a show is declined; one stays undecided."""
    jonas, tove = stage.people["Jonas"].id, stage.people["Tove"].id
    try:
        movie = stage.store.user(jonas).run(
            requests.submit, title="The Lighthouse", media_type=MediaType.MOVIE
        )[0]
        show = stage.store.user(tove).run(
            requests.submit, title="Foxes of the North", media_type=MediaType.TV
        )[0]
        # Asked for again it is the same request.
        stage.store.user(tove).run(
            requests.submit,
            title="The Owl Service",
            media_type=MediaType.TV,
            tmdb_id=3575,
            seasons=[1],
        )
    except QuotaExceeded as refused:
        stage.refused("Jonas or Tove", refused)
        return
    yield stage.after(1.5)
    stage.admin.run(requests.approve, user_id=jonas, id=movie.id)
    stage.admin.run(
        requests.decline, user_id=tove, id=show.id, reason="It is there already."
    )
    stage.say(
        "Mira approves a movie and declines a show; whoever asked finds a notice of it."
    )
    yield stage.after(1.5)
    stage.admin.run(requests.begin, user_id=jonas, id=movie.id)
    yield stage.after(1.5)
    stage.admin.run(requests.complete, user_id=jonas, id=movie.id)
    stage.say("The movie is there, and Jonas hears of it.")


def outage(stage: Stage) -> Scene:
    """A service goes down after two failures in a row, and comes back."""
    yield lambda: stage.states.get(OUTAGE) is ServiceState.UP
    stage.broken.add(OUTAGE)
    yield lambda: stage.states.get(OUTAGE) is ServiceState.DOWN
    stage.say(f"{OUTAGE} is down: its last two checks failed.")
    yield stage.after(3)
    stage.broken.discard(OUTAGE)
    yield lambda: stage.states.get(OUTAGE) is ServiceState.UP
    stage.say(f"{OUTAGE} is up again; ops.service_spans has how long it was not.")


def make(stage: Stage) -> Scene:
    """A project's steps: a script, then of each scene an image, a voice and a video, one after the other."""
    tove = stage.user("Tove")
    try:
        project_id, scene_ids = _project(stage)
        script = tove.run(
            steps.submit,
            step=StepKind.SCRIPT,
            project_id=project_id,
            provider="words",
            config={"prompt": TITLE},
            labels=[LABEL],
            backoff_s=1,
        )
        chain = (StepKind.IMAGE, StepKind.VOICE, StepKind.VIDEO)
        made = tove.run(
            steps.submit_many,
            steps=[step for _ in scene_ids for step in chain],
            project_id=project_id,
            scene_ids=[each for each in scene_ids for _ in chain],
            providers=["pictures", "voices", "motion"] * len(scene_ids),
            configs=[{"prompt": prompt} for _, prompt in _NARRATIONS for _ in chain],
            labels=[LABEL],
            backoff_s=1,
            in_order=True,
            needs_job_ids=[script.id],
        )
    except QuotaExceeded as refused:
        stage.refused("Tove", refused)
        return
    ids = [script.id, *(each.id for each in made)]
    stage.submitted += ids
    set_status(stage, project_id, ProjectStatus.GENERATING, SceneStatus.GENERATING)
    stage.say(
        f"Tove has a video made, '{TITLE}': {len(ids)} steps, each after the one that it needs."
    )
    yield stage.ended(*ids)
    found = [job for job in map(stage.find, ids) if job is not None]
    if all(job.status is JobStatus.COMPLETED for job in found):
        set_status(stage, project_id, ProjectStatus.COMPLETED, SceneStatus.COMPLETED)
    else:
        set_status(stage, project_id, ProjectStatus.FAILED, SceneStatus.FAILED)
    cost = tove.run(steps.get_cost, project_id=project_id)
    stage.say(
        f"The video is made: {cost.steps} steps until now, {cost.tokens_in + cost.tokens_out} tokens,"
        f" {cost.cost_micros / 1_000_000:.2f} of whatever its providers count in."
    )


def _project(stage: Stage) -> tuple[UUID, list[UUID]]:
    """Tove's project with its scenes, made where it is not there yet."""
    with stage.user("Tove") as conn:
        known = projects.find_by_title(conn, title=TITLE)
        project_id = known.id if known else projects.create(conn, title=TITLE).id
        found = [
            each.id for each in scenes.list(conn, project_id=project_id, page_size=100)
        ][: len(_NARRATIONS)]
        missing = _NARRATIONS[len(found) :]
        if missing:
            found += [
                each.id
                for each in scenes.create_many(
                    conn,
                    project_id=project_id,
                    narrations=[narration for narration, _ in missing],
                    image_prompts=[prompt for _, prompt in missing],
                    durations_ms=[4000] * len(missing),
                )
            ]
    return project_id, found


def set_status(
    stage: Stage, project_id: UUID, project: ProjectStatus, scene: SceneStatus
) -> None:
    """Say how far the video is."""
    with stage.user("Tove") as conn:
        projects.set_status(conn, id=project_id, status=project)
        for each in scenes.list(conn, project_id=project_id, page_size=100):
            if each.status is not scene:
                scenes.set_status(conn, id=each.id, status=scene)


def put_away(stage: Stage) -> None:
    """A video that somebody stopped is a draft again."""
    found = stage.user("Tove").run(projects.find_by_title, title=TITLE)
    if found is not None and found.status is ProjectStatus.GENERATING:
        set_status(stage, found.id, ProjectStatus.DRAFT, SceneStatus.PENDING)


SCENES: tuple[tuple[float, Callable[[Stage], Scene]], ...] = (
    (0, crash),
    (1, make),
    (1.5, fail),
    (2, download),
    (2.5, cancel),
    (3, outage),
    (3.5, request),
    (4.5, share),
)
"""When each begins, in seconds of a round; up to four times as late where there is time."""
ROUND_S = 30.0
