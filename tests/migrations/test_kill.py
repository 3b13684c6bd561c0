"""SIGKILL of yoyo at any moment heals by the steps that docs/operations.md gives."""

from __future__ import annotations

import os
import random
import re
import subprocess
import time

import psycopg
import pytest

from renderstore.settings import Settings

from .support import (
    CHECKOUT,
    NAMES,
    OwnServer,
    environment,
    mark,
    up,
    yoyo,
    yoyo_command,
)

# `just prove` asks for hundreds.
KILLS = 150 if os.environ.get("RENDERSTORE_PROVE") else 2
DONE_BEFORE = re.compile(r"already exists|does not exist")
FIRST, LAST = NAMES[0], NAMES[-1]


@pytest.fixture
def target(own_server: OwnServer) -> Settings:
    return own_server.database("farm", own_server.migrating_login("migrator"))


def test_a_killed_yoyo_heals(own_server: OwnServer, target: Settings) -> None:
    lower = own_server.dump("farm")
    applying = len(yoyo(target, "apply").stderr.splitlines())
    upper = own_server.dump("farm")
    rolling_back = len(yoyo(target, "rollback", "-r", FIRST).stderr.splitlines())
    for _ in range(KILLS):
        seed = random.randrange(2**32)
        chance = random.Random(seed)
        kill(target, ["apply"], applying, chance)
        heal_apply(target)
        assert recorded(target) == NAMES, f"apply, seed {seed}"
        assert own_server.dump("farm") == upper, f"apply, seed {seed}"
        kill(target, ["rollback", "-r", FIRST], rolling_back, chance)
        heal_rollback(target, FIRST)
        assert recorded(target) == [], f"rollback, seed {seed}"
        assert own_server.dump("farm") == lower, f"rollback, seed {seed}"


def test_a_yoyo_killed_before_it_recorded_heals(
    own_server: OwnServer, target: Settings
) -> None:
    up(target, LAST)
    upper = own_server.dump("farm")
    forget(own_server, LAST)
    heal_apply(target)
    assert (recorded(target), own_server.dump("farm")) == (NAMES, upper)


def test_a_rollback_killed_before_it_recorded_heals(
    own_server: OwnServer, target: Settings
) -> None:
    up(target, LAST)
    assert yoyo(target, "rollback", "-r", LAST).returncode == 0
    lower = own_server.dump("farm")
    mark(target, LAST)
    heal_rollback(target, LAST)
    assert (recorded(target), own_server.dump("farm")) == (NAMES[:-1], lower)


def test_every_migration_that_was_applied_but_not_recorded_may_run_again(
    own_server: OwnServer, target: Settings
) -> None:
    for name in NAMES:
        up(target, name)
        before = own_server.dump("farm"), rows(own_server)
        forget(own_server, name, locked=False)
        refused = run_again(target, name)
        assert DONE_BEFORE.search(refused or "already exists"), (
            f"sql/migrations/{name}.sql: {refused}"
        )
        if refused:
            mark(target, name)
        after = own_server.dump("farm"), rows(own_server)
        assert after == before, f"sql/migrations/{name}.sql changes more when run again"


def run_again(target: Settings, name: str) -> str:
    """What the database says against it, if anything."""
    try:
        up(target, name)
    except psycopg.Error as error:
        return str(error)
    return ""


def kill(
    target: Settings, command: list[str], steps: int, chance: random.Random
) -> None:
    """Kill yoyo after a random line of its log and perhaps a moment more."""
    after = chance.randrange(steps)
    moment = chance.choice([0, 0, chance.uniform(0, 0.01)])
    with subprocess.Popen(
        yoyo_command(*command),
        env=environment(target),
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None
        for number, _ in enumerate(running.stderr):
            if number == after:
                time.sleep(moment)
                running.kill()


def heal_apply(target: Settings) -> None:
    """docs/operations.md, "After a kill", for yoyo apply."""
    wait_for_the_server(target)
    assert yoyo(target, "break-lock").returncode == 0
    while (said := yoyo(target, "apply")).returncode:
        assert DONE_BEFORE.search(said.stderr), said.stderr
        name = re.findall(r"Applying (\S+)", said.stderr)[-1]
        assert yoyo(target, "mark", "-r", name).returncode == 0


def heal_rollback(target: Settings, to: str) -> None:
    """docs/operations.md, "After a kill", for yoyo rollback."""
    wait_for_the_server(target)
    assert yoyo(target, "break-lock").returncode == 0
    while (said := yoyo(target, "rollback", "-r", to)).returncode:
        assert DONE_BEFORE.search(said.stderr), said.stderr
        name = re.findall(r"Rolling back (\S+)", said.stderr)[-1]
        assert yoyo(target, "unmark", "-r", name).returncode == 0


def wait_for_the_server(target: Settings) -> None:
    with psycopg.connect(target.url, autocommit=True) as conn:
        while conn.execute(
            "select pid from pg_stat_activity"
            " where datname = current_database()"
            " and usename = current_user and pid <> pg_backend_pid()"
        ).fetchone():
            time.sleep(0.02)


def forget(server: OwnServer, name: str, *, locked: bool = True) -> None:
    """As if yoyo had died between committing a migration and recording it."""
    with server.admin("farm") as conn:
        conn.execute(
            "delete from public._yoyo_migration where migration_id = %s", [name]
        )
        if locked:
            conn.execute("insert into public.yoyo_lock values (1, now(), 1)")


def recorded(target: Settings) -> list[str]:
    with psycopg.connect(target.url) as conn:
        found = conn.execute(
            "select migration_id from public._yoyo_migration order by 1"
        )
        return [str(row[0]) for row in found]


def rows(server: OwnServer) -> dict[str, object]:
    """How many rows each table holds."""
    with server.admin("farm") as conn:
        tables = conn.execute(
            "select oid::regclass::text from pg_class"
            " where relkind = 'r' and relowner = 'renderstore_owner'::regrole"
        ).fetchall()
        return {
            str(name): conn.execute(
                b"select count(*) from " + str(name).encode()
            ).fetchone()
            for (name,) in tables
        }
