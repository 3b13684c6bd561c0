"""The command `renderstore`: what the recipes of the justfile do to a database."""

from __future__ import annotations

import sys

import click
import psycopg

from renderstore import errors
from renderstore._unreached import sentence
from renderstore.cli import (
    backup,
    bench,
    demo,
    development,
    familiar,
    farm,
    farms,
    files,
    imports,
    keys,
    lifecycle,
    logins,
    push,
    schema,
    slow,
    studio,
    trail,
    validate,
    watch,
    watching,
    work,
)
from renderstore.cli.console import be_quiet
from renderstore.migrations import MigrationFailed
from renderstore.server import ServerError

_SECTIONS: dict[str, tuple[click.Command, ...]] = {
    "A database": (
        lifecycle.up,
        familiar.init,
        lifecycle.down,
        lifecycle.reset,
        lifecycle.ping,
        lifecycle.psql,
        studio.studio,
        lifecycle.url,
        schema.seed,
        demo.demo,
        backup.backup,
        backup.restore,
        imports.import_,
    ),
    "Its structure": (
        schema.migrate,
        schema.rollback,
        validate.validate,
        schema.unlock,
        schema.migrations,
        push.push,
        familiar.pull,
        familiar.resolve,
    ),
    "Who uses it": (logins.login, work.work, keys.key, keys.reencrypt),
    "How it stands": (
        watching.health,
        watch.watch,
        trail.history,
        watching.check,
        watching.sweep,
        slow.slow,
        bench.bench,
    ),
    "Several farms": (farm.farm, farms.farms),
    "Files": (files.import_folder, files.janitor, files.reconcile),
    "In a checkout of renderstore": (
        development.new,
        development.generate,
        development.snapshot,
        development.docs,
    ),
}


class _Sections(click.Group):
    """Lists its commands by what they are about, each with its whole first sentence."""

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        for name, commands in _SECTIONS.items():
            with formatter.section(name):
                formatter.write_dl(
                    [(each.name or "", _first_sentence(each)) for each in commands],
                    col_max=14,
                )


def _first_sentence(command: click.Command) -> str:
    text = " ".join((command.help or "").split("\n\n")[0].split())
    return text.partition(". ")[0].rstrip(".") + "."


@click.group(
    cls=_Sections,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="The database is DATABASE_URL's: of the environment, else of a file .env.local or .env. `renderstore COMMAND --help` says more.",
)
@click.version_option(package_name="renderstore")
def cli() -> None:
    """Render farms, AI-video pipelines and media portals in one PostgreSQL database."""


for _commands in _SECTIONS.values():
    for _command in _commands:
        cli.add_command(_command)


def main() -> None:
    """Run the command; what went wrong is a sentence, not a traceback."""
    # What the pool says of each attempt, the command says once.
    be_quiet("psycopg.pool")
    try:
        # Outside of standalone mode click gives the status that a command exits with.
        status = cli(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Stopped; nothing is left half done.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except psycopg.OperationalError as error:
        # With a state it is the server's own sentence.
        click.echo(f"Error: {error if error.sqlstate else sentence(error)}", err=True)
        sys.exit(1)
    except (errors.Error, MigrationFailed, ServerError, psycopg.Error) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    sys.exit(status)
