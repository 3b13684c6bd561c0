"""Home and two farms on this machine, to look at and to try the commands on."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click
from psycopg.conninfo import make_conninfo

from renderstore import _farms, migrations, settings
from renderstore._hints import hint, typed
from renderstore.cli import place
from renderstore.cli.console import be_quiet, counted, ending_cleanly, say, working
from renderstore.cli.demo import for_option, performed
from renderstore.cli.place import DATABASE, DEVELOPER, MIGRATOR
from renderstore.cli.table import table
from renderstore.cli.watch import watching_farms
from renderstore.server import Cluster, checkout_home, embedded_binaries
from renderstore.store import connect_farms

HOME = 1
NAMES = {HOME: "home", 2: "the second", 3: "the third"}
_CONNECTIONS = 12
_PATIENCE_S = 2.0
_TO_TRY = (
    ("farm list", "how many users live on each"),
    ("farm check", "whether each follows home"),
    ("farm move jonas@demo.example.com 3", "with all that is his, jobs that run too"),
    ("health", "how all three stand"),
    ("watch --once", "the three, one below the other"),
    ("work mac-1 --run true --labels simulated", "one more worker, on all three"),
)


@click.group(invoke_without_command=True)
@for_option
@click.pass_context
def farms(context: click.Context, seconds: float) -> None:
    """Have home and two farms work on this machine, and show them; Ctrl-C ends that, and the servers stay.

    Three embedded servers of this folder's own, beside the one of `up`: people on each, workers that take from all of them.
    It says what to type so that `farm`, `health`, `watch` and `work` mean them. Run again, it goes on with them.
    """
    if context.invoked_subcommand is not None:
        return
    folder = place.find_folder()
    with _alone(folder):
        with ending_cleanly():
            clusters = _bring_up(folder)
        _say_what_to_type(clusters)
        _play(clusters, seconds)


@farms.command()
def down() -> None:
    """Stop the three servers and remove their data."""
    folder = place.find_folder()
    if not any(each.exists() for each in _homes(folder).values()):
        say("There are no farms here.")
        return
    with _alone(folder):
        with working("Stopping the three servers"):
            _remove(clusters_of(folder))
        say(f"Stopped, and their data is gone. {hint('farms')} begins anew.")


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """One at a time, for as long as its process lives."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise click.ClickException(
            f"{hint('farms')} is at work in {folder} already: Ctrl-C ends it there."
        ) from None
    else:
        yield
    finally:
        os.close(held)


def _homes(folder: Path) -> dict[int, Path]:
    beside = checkout_home(folder).folder
    return {
        number: beside.with_name(f"{beside.name}-farm-{number}") for number in NAMES
    }


def clusters_of(folder: Path) -> dict[int, Cluster]:
    """The three servers of a folder, by the farm's number."""
    binaries = embedded_binaries(contrib=True)
    return {number: Cluster(each, binaries) for number, each in _homes(folder).items()}


def _mark(clusters: Mapping[int, Cluster]) -> Path:
    """The file that says that all three were made to the end."""
    return clusters[HOME].home / "made"


def _remove(clusters: Mapping[int, Cluster]) -> None:
    _mark(clusters).unlink(missing_ok=True)
    for each in clusters.values():
        each.remove()


def _bring_up(folder: Path) -> dict[int, Cluster]:
    clusters = clusters_of(folder)
    mark = _mark(clusters)
    try:
        if not mark.exists():
            _remove(clusters)  # what was killed on the way
            _make(clusters)
        _start(clusters)
        if any(migrations.pending(_owner(each)) for each in clusters.values()):
            mark.unlink()
            for each in reversed(clusters.values()):
                _migrate(each)
        for number in clusters:
            if number != HOME:
                _follow(clusters, number)
        mark.touch()
    except BaseException:
        # Half made, they begin anew.
        if not mark.exists():
            _remove(clusters)
        raise
    return clusters


def _follow(clusters: Mapping[int, Cluster], number: int) -> None:
    at_home = _direct(clusters[HOME])
    with (
        working(f"Farm {number} follows home"),
        _farms.connected(at_home) as home,
        _farms.connected(_direct(clusters[number])) as farm,
    ):
        _farms.add(
            home, farm, number, name=NAMES[number], address=make_conninfo(at_home)
        )


def _make(clusters: Mapping[int, Cluster]) -> None:
    """Home, and copies of it: all migrations cost ten seconds of processor, once."""
    home = clusters[HOME]
    with working("Creating three embedded servers"):
        home.create()
        with (home.data / "postgresql.conf").open("a") as conf:
            conf.write("wal_level = logical\n")
        home.start()
        place.make_database(home)
    _migrate(home)
    migrations.let_enter(_owner(home), DEVELOPER)
    place.show_sessions(home)
    home.stop()
    for number, each in clusters.items():
        if number != HOME:
            subprocess.run(["cp", "-a", home.home, each.home], check=True)


def _start(clusters: Mapping[int, Cluster]) -> None:
    for each in clusters.values():
        if each.has_lost_its_files():
            each.restart()
        elif not each.is_running():
            each.start()


def _migrate(cluster: Cluster) -> None:
    todo = migrations.pending(_owner(cluster))
    with working(f"Applying {counted(len(todo), 'migration')}"):
        migrations.apply(_owner(cluster))


def _owner(cluster: Cluster) -> settings.Settings:
    return settings.parse(place.address(cluster, MIGRATOR))


def _direct(cluster: Cluster) -> str:
    """A superuser's address: only one may follow, or hold back a log for who does."""
    return settings.write_url(cluster.conninfo(dbname=DATABASE))


def _say_what_to_type(clusters: Mapping[int, Cluster]) -> None:
    urls = {
        number: (place.address(each, DEVELOPER), _direct(each))
        for number, each in clusters.items()
    }
    working_url, direct_url = urls.pop(HOME)
    say("Farm 1 is home; farms 2 and 3 follow it. For the commands, in any shell:")
    say()
    say(f"export DATABASE_URL='{working_url}'")
    say(f"export DIRECT_URL='{direct_url}'")
    for at, name in enumerate(("FARM_URLS", "FARM_DIRECT_URLS")):
        named = " ".join(f"{number}={each[at]}" for number, each in urls.items())
        say(f"export {name}='{named}'")
    say()


def _play(clusters: Mapping[int, Cluster], seconds: float) -> None:
    # Only who plays pays for loading it.
    from renderstore._demo.farms import HEADS, FarmPlay, FarmTroupe, summary

    urls = {number: place.address(each, DEVELOPER) for number, each in clusters.items()}
    opened = partial(
        connect_farms, urls[HOME], urls, size=_CONNECTIONS, timeout=_PATIENCE_S
    )
    # What workers log, each failure with its traceback, would be written over the view.
    be_quiet("renderstore", "psycopg")
    with opened() as store:
        troupe = FarmTroupe(store)
        with performed(
            FarmPlay(troupe, seconds),
            troupe,
            seconds,
            lambda: watching_farms(opened()),
            "farms",
        ):
            for line in table(HEADS, summary(troupe)):
                say(line)
            say()
            say("The servers stay. With the four lines from above in a shell, try:")
            for command, what in _TO_TRY:
                say(f"  {typed(command)}")
                say(f"      {what}")
            say(f"{hint('farms down')} stops them and removes their data.")
