"""The keys under which third-party secrets are encrypted."""

from __future__ import annotations

import click

from renderstore.cli import place
from renderstore.cli.console import ask_before_changing, say
from renderstore.cli.lifecycle import yes_option


@click.command()
@click.argument("id", required=False)
def key(id: str | None) -> None:
    """Print a new entry for RENDERSTORE_KEYS, and nothing else."""
    # cryptography takes its time to load; only these two commands need it.
    from renderstore.secrets import generate_key

    click.echo(generate_key(id).reveal())


@click.command()
@click.option("--batch", default=100, show_default=True, help="Rows a transaction.")
@yes_option
def reencrypt(batch: int, yes: bool) -> None:
    """Encrypt every stored secret again with the first key. Safe to stop and to run again."""
    from renderstore.secrets import reencrypt as seal_again
    from renderstore.store import SyncStore

    target = place.answering()
    ask_before_changing(target, "Every stored secret would be encrypted anew.", yes=yes)
    replaced = 0
    with SyncStore(target) as store:
        for progress in seal_again(store, batch=batch):
            replaced = progress.replaced
            say(f"{progress.seen} seen, {progress.replaced} replaced")
    say(
        "Nothing was left to replace: the old keys can be taken away."
        if replaced == 0
        else "Run it again until it replaces nothing; only then take the old keys away."
    )
