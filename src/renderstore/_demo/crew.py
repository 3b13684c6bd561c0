"""The workers: run_worker with renders that take a moment and make no files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from threading import Thread
from typing import Any

from renderstore._demo.cast import VERSION, WORKERS, Worker
from renderstore._demo.stage import Stage, Troupe, key
from renderstore.media import FileState, download_files, downloads
from renderstore.media.downloads import Download
from renderstore.store import FarmStore, SyncScope, SyncStore
from renderstore.studio import AssetKind, StepKind, steps
from renderstore.studio.steps import Step
from renderstore.work import JobKind
from renderstore.worker import Job, Output, RenderFailed, run_worker

LEASE = 6.0
_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a template, as its name says."""

    error_class: str
    message: str
    exit_code: int | None
    times: int
    """How often it fails before it does not."""


FLAWS = {
    "flaky-plugin.aep": Flaw("crashed", "aerender ended with exit code 139.", 139, 1),
    "few-licenses.aep": Flaw("license", "No license of Element 3D was free.", None, 2),
    "missing-footage.aep": Flaw(
        "missing", "The footage /Volumes/ads/logo.png does not exist.", 1, 99
    ),
    "no-composition.aep": Flaw("invalid", "There is no composition 'main'.", 1, 99),
}
LONG = "wrong-size.aep"
_LONG_S = 12.0


def render(job: Job) -> list[Output]:
    """What aerender would do."""
    spec = job.spec()
    template = (spec.template_path or "").rpartition("/")[2]
    flaw = FLAWS.get(template)
    takes = Random(job.id.int)
    seconds = _LONG_S if template == LONG else takes.uniform(0.8, 2.2)
    job.log(f"{template}: 240 frames\n")
    for percent in range(10, 101, 10):
        if job.should_stop.wait(seconds / 10):
            return []
        if percent == 60 and flaw is not None and spec.failures < flaw.times:
            job.log(f"frame 144: {flaw.message}\n")
            raise RenderFailed(
                flaw.message, error_class=flaw.error_class, exit_code=flaw.exit_code
            )
        job.progress(percent)
    job.log("240 frames, done\n")
    return [
        Output(
            path=spec.output_path,
            size_bytes=takes.randrange(20, 400) * _MB,
            media_type="video/quicktime",
        )
    ]


PARTLY, WHOLE = "https://video.example/foxes", "https://video.example/owls"
_PLAYLISTS = {
    PARTLY: ("Foxes", ("Cubs", "The den", "Snow", "Night", "Spring")),
    WHOLE: ("Owls", ("The barn", "Flight", "Winter")),
}
_GONE, _SLOW = "The den", "Snow"


class Fetcher:
    """What yt-dlp would do: of the foxes one video is private, and one comes only at the second attempt."""

    def __init__(self, worker: SyncScope) -> None:
        self.worker = worker

    def __call__(self, job: Job) -> list[Output]:
        """Fetch what is wanted of a playlist."""
        spec = job.spec(Download)
        title, names = _PLAYLISTS.get(spec.playlist_url, ("A playlist", ("One video",)))
        self.worker.run(downloads.describe, **key(job), playlist_title=title)
        by_id = {
            f"{job.id.hex[-10:]}{number}": name for number, name in enumerate(names)
        }
        found = self.worker.run(
            download_files.report,
            **key(job),
            video_ids=list(by_id),
            titles=list(by_id.values()),
        )
        for number, file in enumerate(found, 1):
            if file.is_wanted and not self._fetch(
                job, file.video_id, by_id[file.video_id]
            ):
                return []
            job.progress(100 * number / len(found))
        return []

    def _fetch(self, job: Job, video_id: str, name: str) -> bool:
        video: dict[str, Any] = {"video_ids": [video_id]}
        self.worker.run(
            download_files.report, **key(job), **video, states=[FileState.DOWNLOADING]
        )
        if job.should_stop.wait(0.4):
            return False
        if name == _GONE or (name == _SLOW and job.attempt == 1):
            error = (
                ("missing", "This video is private.")
                if name == _GONE
                else ("network", "Connection reset by peer.")
            )
            job.log(f"{name}: {error[1]}\n")
            self.worker.run(
                download_files.report,
                **key(job),
                **video,
                states=[FileState.FAILED],
                error_classes=[error[0]],
                error_messages=[error[1]],
            )
            return True
        self.worker.run(
            download_files.report,
            **key(job),
            **video,
            states=[FileState.KEPT],
            paths=[f"{job.user_id}/{job.id}/{name}.mp4"],
            sizes_bytes=[Random(video_id).randrange(5, 90) * _MB],
        )
        return True


@dataclass(frozen=True, slots=True)
class Making:
    """What comes of a step."""

    kind: AssetKind
    suffix: str
    media_type: str
    cost_micros: int


MAKINGS = {
    StepKind.IMAGE: Making(AssetKind.IMAGE, "png", "image/png", 40_000),
    StepKind.VOICE: Making(AssetKind.AUDIO, "wav", "audio/wav", 9_000),
    StepKind.VIDEO: Making(AssetKind.VIDEO, "mp4", "video/mp4", 250_000),
}
BUSY_PROVIDER = "Two lanterns"
"""A prompt whose provider does not answer the first time."""


class Painter:
    """What a provider of scripts, images, voices and videos would do."""

    def __init__(self, worker: SyncScope) -> None:
        self.worker = worker

    def __call__(self, job: Job) -> list[Output]:
        """Make one step: the provider's task, its parts, its file."""
        spec = job.spec(Step)
        config = spec.config if isinstance(spec.config, dict) else {}
        task = spec.provider_task_id or f"task-{job.id.hex[-8:]}"
        for part in range(1, 5):
            if job.should_stop.wait(0.15):
                return []
            if (
                part == 2
                and spec.failures == 0
                and config.get("prompt") == BUSY_PROVIDER
                and spec.step is StepKind.IMAGE
            ):
                raise RenderFailed(
                    "The provider did not answer within 30 s.", error_class="timeout"
                )
            self.worker.run(
                steps.report,
                **key(job),
                provider_task_id=task,
                last_completed_part=part,
                tokens_in=120 * part,
                tokens_out=40 * part,
            )
            job.progress(25 * part)
        making = MAKINGS.get(spec.step)
        if making is None:
            self.worker.run(
                steps.report, **key(job), cost_micros=3_000, result={"scenes": 3}
            )
            return []
        size = Random(job.id.int).randrange(1, 9) * _MB
        self.worker.run(steps.report, **key(job), cost_micros=making.cost_micros)
        begun = self.worker.run(
            steps.begin_output,
            user_id=job.user_id,
            job_id=job.id,
            attempt=job.attempt,
            kind=making.kind,
            size_bytes=size,
            suffix=making.suffix,
            media_type=making.media_type,
        )
        return [Output(path=begun.uri, size_bytes=size, media_type=making.media_type)]


def work(
    troupe: Troupe,
    store: SyncStore | FarmStore,
    worker: Worker,
    act: Callable[[Job], Iterable[Output] | None],
) -> None:
    """Be this worker until the workers leave."""
    try:
        run_worker(
            store,
            worker.name,
            act,
            kinds=[worker.kind],
            labels=worker.labels,
            version=VERSION,
            concurrency=worker.concurrency,
            lease=LEASE,
            grace=0,
            sweep_every=5,
            stop=troupe.leaving,
        )
    except Exception as error:
        troupe.fail(error)


class Crew:
    """All workers, each in a thread of its own."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.threads = [
            # Where the server is away nobody waits for them: they would for half a minute.
            Thread(target=self._work, args=(each,), name=each.name, daemon=True)
            for each in WORKERS
        ]
        self.is_at_work = False

    def begin(self) -> None:
        """Have them work."""
        self.is_at_work = True
        for each in self.threads:
            each.start()

    def end(self) -> None:
        """Have them stop, and wait until they did: what runs is given back."""
        self.stage.leaving.set()
        if self.is_at_work:
            for each in self.threads:
                each.join()

    def _work(self, worker: Worker) -> None:
        work(self.stage, self.stage.store, worker, self._render_of(worker))

    def _render_of(self, worker: Worker) -> Callable[[Job], Iterable[Output] | None]:
        scope = self.stage.store.worker(worker.name)
        if worker.kind is JobKind.DOWNLOAD:
            return Fetcher(scope)
        if worker.kind is JobKind.STEP:
            return Painter(scope)
        return render
