"""examples/node: a user's scope for `pg`, types by kysely-codegen, an application; tests/worker/test_queue_page.py has the worker."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from tests import factories, npm
from tests.authjs.support import authjs_login
from tests.prisma import support as came

from renderstore import identity
from renderstore._paths import SEEDS
from renderstore.store import connect
from renderstore.testing import Database, Server

from .support import EXAMPLES

NODE = EXAMPLES / "node"
README = EXAMPLES.parent / "README.md"

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
    (snippet,) = re.findall(r"^```ts\n(.*?)^```$", README.read_text(), re.M | re.S)
    (folder / "readme.ts").write_text(snippet)
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


def test_the_readmes_snippet_shows_the_users_jobs(
    built: Path, database: Database, ann: UUID
) -> None:
    run(built, database, "node", "dist/jobs.js", str(ann))
    shown = run(built, database, "node", "dist/readme.js", str(ann))
    assert "'queued'" in shown
    assert "/renders/spot.mov" in shown


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


def walked(
    built: Path, server: Server, database: Database, email: str
) -> tuple[list[str], int]:
    """What the application's walk prints for who has this address, and how many jobs were there before."""
    with authjs_login(server, database) as signs_in:
        done = subprocess.run(
            ["node", "dist/walk.js", email],
            cwd=built,
            env={
                **{
                    name: value
                    for name, value in os.environ.items()
                    if name[:2] != "PG"
                },
                "DATABASE_URL": database.url,
                "AUTHJS_DATABASE_URL": signs_in,
                "AUTH_SECRET": "only for this test",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, f"open {NODE / 'walk.ts'}: {done.stdout}{done.stderr}"
    lines = done.stdout.splitlines()
    return lines, int(lines[1].rpartition(" after ")[2].split()[0])


def test_its_application_signs_in_submits_lists_and_cancels(
    built: Path, renderstore_server: Server
) -> None:
    # The demonstration's people: who has jobs already, and who comes for the first time.
    database = renderstore_server.clone()
    try:
        with psycopg.connect(database.url, autocommit=True) as conn:
            for path in sorted(SEEDS.glob("*.sql")):
                conn.execute(path.read_bytes())
        said, others = walked(built, renderstore_server, database, "Grace@example.com")
        assert said == [
            "before: 401",
            f"submitted: true, queued /renders/spot.mov, after {others} others",
            "cancelled: cancelled",
            said[3],
            "not found: 404",
        ]
        assert others > 0
        assert said[3].startswith("refused: 422 The path of the output is absolute")
        _, none = walked(built, renderstore_server, database, "new@example.com")
        assert none == 0
        with connect(database.url) as store, store.admin(reason="test") as conn:
            new = identity.users.find_by_email(conn, email="new@example.com")
            assert new is not None
            assert new.last_login_at is not None
    finally:
        renderstore_server.drop(database)


def test_its_application_goes_on_with_what_prisma_held(
    built: Path, renderstore_server: Server
) -> None:
    old, database = renderstore_server.create(), renderstore_server.clone()
    try:
        came.fill(old, "render-manager", rows=50)
        came.bring(old, database, "render-manager")
        [(email, jobs), *_] = came.ask(
            database,
            "select u.email, count(*) from identity.users as u join work.jobs as j on j.user_id = u.id"
            " where u.email is not null group by u.id order by u.email",
        )
        said, others = walked(built, renderstore_server, database, str(email))
        assert others == jobs
        assert (
            said[1]
            == f"submitted: true, queued /renders/spot.mov, after {others} others"
        )
        assert said[2] == "cancelled: cancelled"
    finally:
        renderstore_server.drop(database)
        renderstore_server.drop(old)
