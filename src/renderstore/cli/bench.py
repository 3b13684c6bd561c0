"""How fast the database in use is."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from renderstore.cli import place
from renderstore.cli.console import say, working
from renderstore.cli.table import WIDTH, fit, table, wrap


@click.command()
@click.argument("what", type=click.Choice(["self"]))
@click.option("--json", "as_json", is_flag=True, help="For a program.")
def bench(what: str, as_json: bool) -> None:
    """Measure the database in use (`self`), without leaving anything in it, and say what looks slow and why.

    Round trip, connection, commit, a user's reads; a job submitted, claimed and finished in a transaction that is
    rolled back. It takes some seconds, and nobody waits for it.
    """
    from renderstore._bench import findings, measure

    target = place.find().working
    with place.reached(target):
        if as_json:
            report = measure(target)
        else:
            with working(f"Measuring {target.where}"):
                report = measure(target)
    found = findings(report)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "figures": [
                        {
                            "name": each.name,
                            "what": each.what,
                            "on_server": each.on_server,
                            "median_ms": round(each.median_ms, 4),
                            "p99_ms": round(each.p99_ms, 4),
                            "times": len(each.samples),
                        }
                        for each in report.figures
                    ],
                    "unknown": [asdict(each) for each in report.unknown],
                    "server": asdict(report.ground) | {"compiles": report.compiles},
                    "findings": found,
                },
                ensure_ascii=False,
            )
        )
        return
    say(
        fit(
            f"{target.where}, PostgreSQL {report.ground.version}, as {target.user}",
            WIDTH,
        )
    )
    for line in table(
        ("median ms", "99 % ms", "times", "what"),
        [
            (
                f"{each.median_ms:.2f}",
                f"{each.p99_ms:.2f}",
                str(len(each.samples)),
                each.what + (" (in the server)" if each.on_server else ""),
            )
            for each in report.figures
        ],
    ):
        say(line)
    for each in report.unknown:
        for line in wrap(f"Not measured, {each.what}: {each.why}.", "  "):
            say(line)
    say()
    for sentence in found or ["Nothing looks slow."]:
        for line in wrap(f"- {sentence}" if found else sentence, "  "):
            say(line)
