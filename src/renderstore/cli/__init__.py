"""The command `renderstore`: what the recipes of the justfile do to a database."""

from __future__ import annotations

import sys

import click
import psycopg

from renderstore import errors
from renderstore.cli import development, keys, lifecycle, logins, schema, work
from renderstore.migrations import MigrationFailed
from renderstore.server import ServerError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="renderstore")
def cli() -> None:
    """Render farms, AI-video pipelines and media portals in one PostgreSQL database."""


for command in (
    lifecycle.up,
    lifecycle.down,
    lifecycle.reset,
    lifecycle.ping,
    lifecycle.psql,
    lifecycle.url,
    logins.login,
    keys.key,
    keys.reencrypt,
    schema.migrate,
    schema.rollback,
    schema.migrations,
    schema.seed,
    development.new,
    development.generate,
    development.snapshot,
    work.work,
):
    cli.add_command(command)


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
