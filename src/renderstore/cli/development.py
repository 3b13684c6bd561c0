"""What a developer does in a checkout."""

from __future__ import annotations

import difflib
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click

from renderstore import migrations, settings
from renderstore._hints import hint
from renderstore._paths import CATALOG, MIGRATIONS, SNAPSHOT, SQL
from renderstore.cli.console import say, working
from renderstore.settings import Settings
from renderstore.testing.servers import running_server

check_option = click.option(
    "--check", is_flag=True, help="Write nothing; fail when something is stale."
)

_FORWARD = """\
-- What changes and why, for a DBA who reads only this.
-- depends: {last}

set local role renderstore_owner;

"""
_BACKWARD = """\
-- What is lost, if anything.

set local role renderstore_owner;

"""


@click.command()
@click.argument("subject")
def new(subject: str) -> None:
    """Write the next migration's pair: `new "add retry limit to jobs"`."""
    _only_in_a_checkout()
    slug = re.sub(r"[^a-z0-9]+", "-", subject.lower()).strip("-")
    if not slug:
        raise click.ClickException("Say what the migration does, in words.")
    last = migrations.names()[-1]
    name = f"{int(last.split('.')[0]) + 1:04d}.{slug}"
    for ending, text in ((".sql", _FORWARD), (".rollback.sql", _BACKWARD)):
        path = MIGRATIONS / f"{name}{ending}"
        path.write_text(text.format(last=last), encoding="utf-8")
        say(str(path))


@click.command()
@check_option
def generate(check: bool) -> None:
    """Write the typed modules from sql/queries, as PostgreSQL 18 describes them, and the halves for threads."""
    _only_in_a_checkout()
    from renderstore._dev import colours, typegen

    with _fresh_database() as target:
        try:
            found = colours.generate(SQL.parent, check=check)
            found += typegen.generate(target.url, check=check)
        except typegen.Refused as refused:
            raise click.ClickException(str(refused)) from refused
    for line in found:
        say(line)
    if check and found:
        raise click.ClickException(f"Stale: run {hint('generate')}.")
    if not found:
        say("Every module is up to date.")


@click.command()
@check_option
def snapshot(check: bool) -> None:
    """Write sql/schema.sql, the present structure, from PostgreSQL 18; and sql/catalog.json, which `validate` compares."""
    _only_in_a_checkout()
    from renderstore._dev import catalog
    from renderstore._dev import snapshot as present

    with _fresh_database() as target:
        structure, newest = present.take(target), catalog.take(target)
    with _fresh_database(catalog.OLDER) as target:
        older = catalog.take(target)
    texts = {SNAPSHOT: structure, CATALOG: catalog.write(newest, older)}
    stale = [path for path, text in texts.items() if text != _present(path)]
    for path, text in texts.items():
        name = path.relative_to(SQL.parent)
        if path not in stale:
            say(f"{name} is up to date.")
        elif check:
            old = _present(path).splitlines()
            for line in difflib.unified_diff(
                old, text.splitlines(), str(name), "the present", lineterm=""
            ):
                say(line)
        else:
            path.write_text(text, encoding="utf-8")
            say(f"{name} written.")
    if check and stale:
        raise click.ClickException(f"Stale: run {hint('snapshot')}.")


@click.command()
@check_option
def docs(check: bool) -> None:
    """Write docs/dictionary from sql/catalog.json: a page a table, pictures an area. It needs no database."""
    _only_in_a_checkout()
    from renderstore._dev import dictionary, typegen

    try:
        texts = dictionary.present()
    except FileNotFoundError as error:
        raise click.ClickException(
            f"{error.filename} is missing: run {hint('snapshot')}."
        ) from error
    except typegen.Refused as refused:
        raise click.ClickException(str(refused)) from refused
    found = dictionary.write(SQL.parent / dictionary.FOLDER, texts, check=check)
    for line in found:
        say(line)
    if check and found:
        raise click.ClickException(f"Stale: run {hint('docs')}.")
    if not found:
        say("Every page is up to date.")


def _present(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


@contextmanager
def _fresh_database(major: int = 18) -> Generator[Settings]:
    with (
        working(f"Migrating an empty PostgreSQL {major}"),
        running_server(f"embedded:{major}") as server,
    ):
        yield settings.parse(server.url(server.template, server.migrator))


def _only_in_a_checkout() -> None:
    if not (SQL.parent / "pyproject.toml").exists():
        raise click.ClickException("This is for a checkout of renderstore.")
