"""examples/node: a user's scope for `pg`, and types by kysely-codegen; tests/worker/test_queue_page.py has the worker."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from tests import factories, npm

from renderstore.testing import Database, Server

from .support import EXAMPLES

NODE = EXAMPLES / "node"

MISUSES = """
import assert from "node:assert";
import pg from "pg";
import { asUser } from "./dist/as_user.js";

const [ann, bob] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 1 });
const count = (client) => client.query("select count(*)::integer as jobs from work.jobs").then(({ rows }) => rows[0].jobs);
const submit = (client) => client.query("select render.submit('/a.mov', '/a.aep')");

await asUser(pool, ann, submit);
assert.equal(await asUser(pool, ann, count), 1);
assert.equal(await asUser(pool, bob, count), 0);
// Whatever throws undoes everything, and the one connection goes on.
await assert.rejects(asUser(pool, ann, async (client) => { await submit(client); throw new Error("mine"); }), /mine/);
// An error that was caught is no success.
await assert.rejects(asUser(pool, ann, async (client) => {
  await submit(client);
  await client.query("select 1/0").catch(() => {});
}), /ended this transaction/);
// A connection that is lost on the way is replaced.
await assert.rejects(asUser(pool, ann, (client) => { client.connection.stream.destroy(); return count(client); }));
assert.equal(await asUser(pool, ann, count), 1);
// Outside a scope there is nothing.
await assert.rejects(pool.query("select from work.jobs"), /permission denied/);
await pool.end();
"""


@pytest.fixture(scope="module")
def database(renderstore_server: Server) -> Generator[Database]:
    made = renderstore_server.clone()
    yield made
    renderstore_server.drop(made)


def run(folder: Path, database: Database, *command: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if name[:2] != "PG"},
            "DATABASE_URL": database.url,
            "DIRECT_URL": database.owner_url,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"open {NODE}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, database: Database) -> Path:
    """The example, with the database's types, as JavaScript."""
    packages = npm.packages(NODE / "package.json", "examples")
    folder = tmp_path_factory.mktemp("node")
    for path in NODE.iterdir():
        if path.is_file():
            shutil.copy(path, folder)
    (folder / "node_modules").symlink_to(packages)
    run(folder, database, "npm", "run", "types")
    run(folder, database, "npm", "run", "build")
    return folder


@pytest.fixture
def ann(database: Database) -> UUID:
    return factories.users.make(database)


def test_it_submits_lists_and_says_what_is_wrong(
    built: Path, database: Database, ann: UUID
) -> None:
    first, second = (
        run(built, database, "node", "dist/jobs.js", str(ann)).splitlines()
        for _ in range(2)
    )
    assert first[:2] == ["submitted a new job", "queued /renders/spot.mov"]
    assert second[:2] == ["submitted it before", first[1]]
    assert first[2].startswith("refused: The path of the output is absolute")
    assert len(first) == len(second) == 3


def test_its_helper_keeps_users_and_failures_apart(
    built: Path, database: Database, ann: UUID
) -> None:
    bob = factories.users.make(database)
    (built / "misuses.mjs").write_text(MISUSES)
    run(built, database, "node", "misuses.mjs", str(ann), str(bob))


def test_the_types_know_what_the_database_has(built: Path, database: Database) -> None:
    types = (built / "db.d.ts").read_text()
    assert '"render.jobs": RenderJobs;' in types
    # A comment of the database stands beside its column.
    assert "How urgent the job is, 0 to 10, 10 first" in types
    wrong = built / "wrong"
    shutil.copytree(built, wrong, ignore=shutil.ignore_patterns("dist"), symlinks=True)
    path = wrong / "jobs.ts"
    path.write_text(path.read_text().replace('"rendering"', '"running"'))
    done = subprocess.run(
        ["npm", "run", "build"], cwd=wrong, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "running" in done.stdout


def test_whoever_is_nobody_is_refused(built: Path, database: Database) -> None:
    done = subprocess.run(
        ["node", "dist/jobs.js", str(uuid4())],
        cwd=built,
        env={**os.environ, "DATABASE_URL": database.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "user" in done.stderr
