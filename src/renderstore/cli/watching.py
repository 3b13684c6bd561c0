"""What keeps the house watched and clean: health, checks of services, the sweep."""

from __future__ import annotations

import asyncio
import json
import time

import click

from renderstore.cli import place
from renderstore.cli.console import counted, say
from renderstore.health import FarmsHealth, Health, Verdict, text_for_prometheus
from renderstore.ops import sweep as sweep_once
from renderstore.ops.area import SweptPart
from renderstore.settings import Settings
from renderstore.store import SyncStore, aconnect

_MARKS = {
    Verdict.OK: "ok     ",
    Verdict.UNKNOWN: "unknown",
    Verdict.WARN: "warn   ",
    Verdict.FAIL: "FAIL   ",
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--prometheus", is_flag=True, help="In Prometheus's text format.")
@click.pass_context
def health(context: click.Context, as_json: bool, prometheus: bool) -> None:
    """Say how the database stands, and why. The exit status is 0 for ok, 1 for warn, 2 for fail, 3 for unknown.

    Home and every farm, and the worst of them, where FARM_URLS names farms.
    """
    found: Health | FarmsHealth
    if named := place.farms():
        with place.farm_store(named) as farms:
            found = farms.health()
    else:
        with place.store(place.find().working) as store:
            found = store.health()
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
    elif prometheus:
        click.echo(text_for_prometheus(found), nl=False)
    elif isinstance(found, FarmsHealth):
        for name, each in found.nodes:
            say(f"{name[:1].upper()}{name[1:]}")
            _tell(each)
            say()
        say(f"{found.verdict}: the worst of {counted(len(found.nodes), 'node')}")
    else:
        _tell(found)
    context.exit(found.exit_status)


def _tell(found: Health) -> None:
    if found.problem is not None:
        say(f"FAIL    {found.problem}")
        return
    for each in found.measures:
        say(f"{_MARKS[each.verdict]} {each.sentence}")
        if each.verdict in (Verdict.WARN, Verdict.FAIL):
            say(f"        {each.remedy}")
    say()
    say(
        f"{found.verdict}: PostgreSQL {found.server_version}, {found.database}, as {found.login} in {found.role}."
    )


@click.command()
@click.option(
    "--all", "every", is_flag=True, help="Those too whose time has not come yet."
)
@click.option(
    "--forever", is_flag=True, help="Again whenever a service's time has come."
)
@click.option(
    "--timeout",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0.1, 300),
    help="Seconds that a service may take to answer.",
)
def check(every: bool, forever: bool, timeout: float) -> None:
    """Ask every enabled service over HTTP whether it lives, and record the answers."""
    try:
        import httpx  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError:
        raise click.ClickException(
            "Checks need httpx: pip install 'renderstore[check]'."
        ) from None
    asyncio.run(_check(place.answering(), every, forever, timeout))


async def _check(target: Settings, every: bool, forever: bool, timeout: float) -> None:
    from renderstore.checks import check_services

    async with aconnect(target.url, pooler=target.pooler) as store:
        while True:
            found = await check_services(store, only_due=not every, timeout=timeout)
            for each in found:
                say(str(each))
            if not forever:
                if not found:
                    say(
                        "No service is due: services with a URL are checked, each in its own time."
                    )
                return
            await asyncio.sleep(1)


@click.command()
@click.option(
    "--max-rows",
    default=1000,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="The most rows of each part, in one transaction.",
)
@click.option("--forever", is_flag=True, help="Once a minute, until it is stopped.")
@click.pass_context
def sweep(context: click.Context, max_rows: int, forever: bool) -> None:
    """Do what time asks for: leases, due jobs, ended jobs, sessions, assets, notices, idle counters. Once a minute.

    At home and at every farm where FARM_URLS names farms.
    """

    def one(store: SyncStore) -> list[SweptPart]:
        return store.worker("sweep").run(sweep_once, max_rows=max_rows)

    with place.nodes() as nodes:
        while True:
            done = failed = 0
            for node, swept in place.each(nodes, one):
                failed += swept is None
                for part in swept or ():
                    if part.problem is not None:
                        failed += 1
                        click.echo(
                            f"{node}{part.what}: failed: {part.problem}", err=True
                        )
                    elif part.jobs:
                        done += 1
                        say(f"{node}{part.what}: {part.jobs}")
            if not forever:
                if not failed and not done:
                    say("There was nothing to do.")
                context.exit(1 if failed else 0)
            time.sleep(60)
