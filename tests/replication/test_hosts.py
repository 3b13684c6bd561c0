"""Several hosts in one address, through everything that reads it: the primary is found behind a standby."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.factories import look, users
from tests.program import RENDERSTORE
from tests.replication.standbys import Trio

from renderstore import render, settings
from renderstore.store import connect
from renderstore.worker import Job, run_worker

HOSTS = ("near", "primary")


def several(trio: Trio, url: str) -> str:
    """The address of this login with both hosts."""
    hosts = ",".join(trio.clusters[name].conninfo()["host"] for name in HOSTS)
    return settings.write_url(settings.parse(url).conninfo | {"host": hosts})


def run(trio: Trio, folder: Path, *arguments: str) -> str:
    """What the command says."""
    done = subprocess.run(
        [*RENDERSTORE, *arguments],
        env={
            **os.environ,
            "DATABASE_URL": several(trio, trio.made.url),
            "DIRECT_URL": several(trio, trio.made.owner_url),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["url"], "target_session_attrs=primary"),
        (["ping"], "no migration is pending"),
        (["migrate"], ""),
        (["validate"], ""),
        (["psql", "owner", "-Atc", "select pg_is_in_recovery()"], "f"),
        (["backup", "taken"], ""),
    ],
)
def test_a_command_finds_the_primary(
    trio: Trio, tmp_path: Path, arguments: list[str], said: str
) -> None:
    assert said in run(trio, tmp_path, *arguments)


def test_a_worker_listens_and_works(trio: Trio) -> None:
    user_id = users.make(trio.made)
    with connect(several(trio, trio.made.url)) as store:
        with store.user(user_id) as conn:
            render.jobs.submit(conn, template_path="/a.aep", output_path="/a.mov")

        def finish(job: Job) -> None:
            del job

        run_worker(store, "mac-1", finish, stop_when_empty=True)
    assert look(
        trio.made,
        "select status::text from work.jobs where user_id = %(user)s",
        user=user_id,
    ) == [("completed",)]
