"""What `just prove mutants` stands on: every mutant can be made, and who misses it kills it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg

from renderstore.testing import Database, Server

from .making import mutants

CHECKOUT = Path(__file__).parents[2]


def test_every_mutant_can_be_made(database: Database) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as conn:
        for mutant in mutants(conn):
            with conn.transaction(force_rollback=True):
                mutant.apply(conn)


def test_a_mutant_is_killed_by_who_misses_it_and_survives_everybody_else(
    renderstore_server: Server,
) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.mutants", "identity", "--jobs", "1"),
            *("--kind", "default", "--kind", "not null"),
            *("--only", r"^identity\.users\.role$"),
            "--tests",
            "tests/schema/test_guarantees.py::test_a_row_is_given_what_it_came_without",
        ],
        cwd=CHECKOUT,
        env=os.environ | {"RENDERSTORE_TEST_SERVER": renderstore_server.admin_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "survives: not null: identity.users.role",
        "    alter table identity.users alter column role drop not null",
        "identity: 1 of 2 killed, 50.0 %",
    ], done.stderr
    assert done.returncode == 1
