"""The command `renderstore`: what the recipes of the justfile do to a database."""

from __future__ import annotations

import sys

import click
import psycopg

from renderstore import errors
from renderstore.cli import development, files, keys, lifecycle, logins, schema, work
from renderstore.migrations import MigrationFailed
from renderstore.server import ServerError

_SECTIONS: dict[str, tuple[click.Command, ...]] = {
    "A database": (
        lifecycle.up,
        lifecycle.down,
        lifecycle.reset,
        lifecycle.ping,
        lifecycle.psql,
        lifecycle.url,
        schema.seed,
    ),
    "Its structure": (
        schema.migrate,
        schema.rollback,
        schema.unlock,
        schema.migrations,
    ),
    "Who uses it": (logins.login, work.work, keys.key, keys.reencrypt),
    "Files": (files.import_folder, files.janitor, files.reconcile),
    "In a checkout of renderstore": (
        development.new,
        development.generate,
        development.snapshot,
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
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Stopped; nothing is left half done.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except (errors.Error, MigrationFailed, ServerError, psycopg.Error) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
