"""A worker that runs any program once a job."""

from __future__ import annotations

import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager

import click

from renderstore.cli import place
from renderstore.work import JobKind


@click.command()
@click.argument("name")
@click.option(
    "--run", "command", required=True, help="What the shell runs for each job."
)
@click.option(
    "--labels", default="", help="What it offers, with commas: gpu,aftereffects-25."
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([each.value for each in JobKind]),
    default=[JobKind.RENDER.value],
    show_default=True,
    help="The kind of job that it takes; again for more.",
)
@click.option(
    "--concurrency", type=click.IntRange(1, 1000), default=1, show_default=True
)
@click.option(
    "--lease",
    type=click.FloatRange(1, 86400),
    default=60.0,
    show_default=True,
    help="Seconds that a job stays its own when nothing is heard of it.",
)
@click.option(
    "--grace",
    type=click.FloatRange(0, 86400),
    default=30.0,
    show_default=True,
    help="Seconds that a shutdown waits for what runs before it gives that back.",
)
@click.option(
    "--until-empty", is_flag=True, help="End when there is nothing to do any more."
)
def work(
    name: str,
    command: str,
    labels: str,
    kinds: tuple[str, ...],
    concurrency: int,
    lease: float,
    grace: float,
    until_empty: bool,
) -> None:
    """Run a program once a job, as the worker NAME, until SIGTERM or Ctrl-C.

    The program reads the job as one line of JSON. A line `renderstore: progress 40` of its output
    reports progress, `renderstore: output /renders/a.mov` a file that it made; other lines go into the
    job's log. Exit code 0 finishes the job, another one fails it. When somebody cancels the job, the
    program gets SIGTERM. docs/workers.md says more, docs/queue.md has the whole contract.

    It says what it takes, finishes and gives back, a line each. A first Ctrl-C waits for what runs, a
    second one gives it back. Where FARM_URLS names farms, it takes from all of them in turn.
    """
    # Only who works pays for loading it.
    from renderstore.worker import Program, run_worker

    offered = [each.strip() for each in labels.split(",") if each.strip()]
    with place.opened(size=concurrency + 4) as store, _said():
        run_worker(
            store,
            name,
            Program(command),
            kinds=[JobKind(each) for each in kinds],
            labels=offered,
            concurrency=concurrency,
            lease=lease,
            grace=grace,
            stop_when_empty=until_empty,
        )


@contextmanager
def _said() -> Generator[None]:
    """What the worker logs, a line each; on a terminal with the time."""
    handler = logging.StreamHandler(sys.stdout)
    is_terminal = sys.stdout.isatty()
    handler.setFormatter(
        logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S")
        if is_terminal
        else logging.Formatter("%(message)s")
    )
    logger = logging.getLogger("renderstore")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
