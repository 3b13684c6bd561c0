"""A page in the browser on this database."""

from __future__ import annotations

import getpass
import signal
import time

import click

from renderstore.cli import place, studio_login, studio_page
from renderstore.cli.console import ask_before_changing, ending_cleanly, say
from renderstore.cli.lifecycle import yes_option
from renderstore.cli.place import Place
from renderstore.cli.studio_login import Login


@click.command()
@click.option(
    "--write", is_flag=True, help="Let it change what an administrator may change."
)
@click.option(
    "--port",
    default=0,
    type=click.IntRange(0, 65535),
    help="The port, such as one that ssh forwards; a free one, if not said.",
)
@yes_option
def studio(write: bool, port: int, yes: bool) -> None:
    """Browse this database in a browser, reading only, until Ctrl-C.

    It prints an address of this machine with a key, and nothing is served without that. The page has a login of its
    own, which may read and nothing else, and which is removed with it.
    """
    if not studio_page.is_installed():
        raise click.ClickException(
            "The studio is rowbase's page: pip install 'renderstore[studio]'."
        )
    here = place.find()
    if write:
        ask_before_changing(here.migrating, "The page could change its rows.", yes=yes)
    with (
        ending_cleanly(),
        place.reached(here.working),
        studio_login.entering(here, "admin" if write else "readonly") as login,
    ):
        try:
            with studio_page.serving(_what(here, login, write), port) as address:
                _tell(here, login, write, address)
                while True:
                    time.sleep(studio_login.PROLONG_S)
                    login.prolong()
        finally:
            # Whoever types Ctrl-C twice still wants the login gone.
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _what(here: Place, login: Login, write: bool) -> studio_page.What:
    at = here.working.host if not here.working.is_local else "this machine"
    return studio_page.What(
        name=f"{here.working.dbname} on {at}",
        database=here.working.dbname,
        login=login,
        actor=f"dba:{getpass.getuser()}, in the studio" if write else "readonly",
        may_write=write,
        is_local=here.working.is_local,
    )


def _tell(here: Place, login: Login, write: bool, address: str) -> None:
    who = "an administrator (every row, no secrets)" if write else "a reader"
    goes = ", which goes with this page" if login.is_temporary else ""
    say(f"{here.working.dbname} in a browser, as {who}:")
    # Not by `say`: the address must be one word on any terminal.
    click.echo(f"  {address}")
    say(f"The login is {login.settings.user}{goes}.")
    if write:
        say(
            "What is saved in the page is saved in the database. Jobs and what else moves others with it"
            " are changed by functions, such as select work.cancel(…)."
        )
    say("Ctrl-C ends it.")
