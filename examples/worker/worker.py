"""A worker: it renders a gradient a frame, as portable pixmaps, and shows what a render may say.

    python worker.py mac-studio-3 gpu,ae

DATABASE_URL's login enters a worker's scope: `renderstore login worker NAME` makes one.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from pathlib import Path

from renderstore import connect
from renderstore.worker import Job, Output, RenderFailed, run_worker

WIDTH, HEIGHT = 320, 180


def render(job: Job) -> Iterable[Output]:
    """Called in a thread for each job. Returning finishes it, raising fails it."""
    spec = job.spec()
    folder = Path(spec.output_path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        # work.error_classes says which classes are tried again: this one is.
        raise RenderFailed(str(error), error_class="storage") from error
    first, last = spec.frame_start or 0, spec.frame_end or spec.frame_start or 0
    frames = range(first, last + 1, spec.frame_step or 1)
    outputs: list[Output] = []
    for number, frame in enumerate(frames, 1):
        if job.should_stop.is_set():  # cancelled, lost, or this worker shuts down
            job.log(f"stopped before frame {frame}: {job.reason}\n")
            return outputs
        path = folder / f"{frame:06}.ppm"
        path.write_bytes(picture(frame))
        outputs.append(
            Output(
                path=str(path),
                size_bytes=path.stat().st_size,
                media_type="image/x-portable-pixmap",
            )
        )
        job.progress(100 * number // len(frames))
        job.log(f"frame {frame} done\n")
    return outputs


def picture(frame: int) -> bytes:
    """One frame."""
    row = b"".join(bytes((x * 255 // WIDTH, frame % 256, 128)) for x in range(WIDTH))
    return b"P6 %d %d 255\n" % (WIDTH, HEIGHT) + row * HEIGHT


def main(name: str, labels: str = "", *options: str) -> None:
    """Work until Ctrl-C or SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with connect() as store:
        run_worker(
            store,
            name,
            render,
            labels=[label for label in labels.split(",") if label],
            version="worker.py 1",
            stop_when_empty="--until-empty" in options,
        )


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: worker.py NAME [LABEL,LABEL [--until-empty]]")
    main(*sys.argv[1:])
