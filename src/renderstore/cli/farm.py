"""Farms: databases that follow home, each with its users."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

import click
from psycopg.conninfo import make_conninfo

from renderstore import _farms, _moves, settings
from renderstore._environment import find_environment
from renderstore.cli import place
from renderstore.cli.console import ask_before_changing, counted, say, working
from renderstore.cli.lifecycle import yes_option
from renderstore.cli.table import table
from renderstore.settings import Settings

_NUMBER = click.IntRange(1, 32767)


@click.group()
def farm() -> None:
    """Add farms, check that they follow home, move users between them.

    Home is DATABASE_URL's. The farms stand beside it in FARM_DIRECT_URLS, else in FARM_URLS: 2=URL 3=URL. There a
    superuser is asked for.
    """


@farm.command("list")
def list_() -> None:
    """List the farms, with how many users live on each."""
    with _home() as home:
        found = _farms.listed(home)
    rows = [(str(each.id), str(each.users), each.name) for each in found]
    for line in table(("farm", "users", "name"), rows):
        say(line)


@farm.command()
def check() -> None:
    """Say of each farm whether it follows home; the status is 1 where one does not."""
    bad = 0
    with _home() as home:
        addresses = _addresses()
        for each in _farms.listed(home):
            if each.id == _farms.here(home)[0]:
                say(f"Farm {each.id} ({each.name}) is home.")
                continue
            problems = _asked(home, each.id, addresses)
            lag = _farms.lag_bytes(home, each.id)
            if not problems:
                say(
                    f"Farm {each.id} ({each.name}) follows home, {lag or 0} bytes behind."
                )
            for problem in problems:
                say(f"Farm {each.id} ({each.name}): {problem}")
            bad += bool(problems)
    if bad:
        raise click.ClickException(
            f"{counted(bad, 'farm')} need{'s' if bad == 1 else ''} a DBA."
        )


@farm.command()
@click.argument("number", type=_NUMBER)
@click.option("--name", required=True, help="What people call it.")
@click.option(
    "--home-address",
    help="Where the farm's server finds home, with a login that may replicate; home's own address otherwise.",
)
@yes_option
def add(number: int, name: str, home_address: str | None, yes: bool) -> None:
    """Make the migrated, empty database of farm NUMBER follow home. Again, it ends what was broken off."""
    here = place.find()
    there = _address(_addresses(), number)
    ask_before_changing(
        there, f"It becomes farm {number}, which follows home.", yes=yes
    )
    with (
        _home() as home,
        _reached(there) as conn,
        working(f"Farm {number} gets home's rows"),
    ):
        _farms.add(
            home,
            conn,
            number,
            name=name,
            address=home_address or make_conninfo(here.migrating.url),
        )
    say(
        f"Farm {number} follows home. Users come to it by: renderstore farm move E-MAIL {number}"
    )


@farm.command()
@click.argument("email", metavar="E-MAIL")
@click.argument("number", type=_NUMBER)
@click.option(
    "--wait",
    type=click.FloatRange(0),
    default=60,
    show_default=True,
    help="How many seconds running jobs have to end; then they are given back.",
)
@yes_option
def move(email: str, number: int, wait: float, yes: bool) -> None:
    """Let the user with this E-MAIL live on farm NUMBER, with all that is theirs.

    For some moments nothing of theirs is written; nobody else waits. Broken off, it goes on when it is run again; to the
    farm where they live, it goes back.
    """
    ask_before_changing(
        place.find().migrating, f"{email} would move to farm {number}.", yes=yes
    )
    with ExitStack() as stack:
        home = stack.enter_context(_home())
        user_id, _ = _moves.find(home, email)
        farms = {
            each: stack.enter_context(_reached(address))
            for each, address in _addresses().items()
        }
        farms.setdefault(_farms.here(home)[0], stack.enter_context(_home()))
        moved = _moves.move(home, farms, user_id, number, wait=wait)
    say(f"{email} lives on farm {number}{'' if moved else ' already'}.")


@contextmanager
def _home() -> Generator[_farms.Conn]:
    target = place.find().migrating
    with ExitStack() as stack:
        with place.reached(target):
            home = stack.enter_context(_farms.connected(target.url))
        _farms.check_home(home)
        yield home


@contextmanager
def _reached(target: Settings) -> Generator[_farms.Conn]:
    with ExitStack() as stack:
        with place.reached(target):
            conn = stack.enter_context(_farms.connected(target.url))
        yield conn


def _asked(home: _farms.Conn, number: int, addresses: dict[int, Settings]) -> list[str]:
    try:
        with _reached(_address(addresses, number)) as conn:
            return _farms.problems(home, conn, number)
    except click.ClickException as error:
        return [error.message]


def _addresses() -> dict[int, Settings]:
    """A DBA's address of each farm, from where DATABASE_URL stands."""
    source, _ = find_environment(os.environ, folder=place.find(may_rest=True).folder)
    name = "FARM_DIRECT_URLS" if source.get("FARM_DIRECT_URLS") else "FARM_URLS"
    return {
        number: settings.parse(url, environ=source)
        for number, url in settings.farm_urls(source, name).items()
    }


def _address(addresses: dict[int, Settings], number: int) -> Settings:
    if number not in addresses:
        raise click.ClickException(
            f"Farm {number}'s address is not known: FARM_DIRECT_URLS names it as {number}=URL."
        )
    return addresses[number]
