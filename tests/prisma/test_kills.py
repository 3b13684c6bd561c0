"""An import that is killed at random and run again loses nothing and brings nothing twice."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import psycopg
from tests.program import RENDERSTORE

from renderstore.testing import Database

from .conftest import Made
from .support import address, ask, bring, one

KILLS = 200 if os.environ.get("RENDERSTORE_PROVE") else 5
BATCH = 20


def _come(source: Database, target: Database, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *RENDERSTORE,
            *("import", "prisma", "--kind", "render-manager"),
            *("--from", address(source), "--batch", str(BATCH)),
        ],
        cwd=folder,
        env={
            **os.environ,
            "DATABASE_URL": target.url,
            "DIRECT_URL": target.owner_url,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_killed_at_random_and_run_again_nothing_comes_twice_and_nothing_is_lost(
    made: Made, database: Database, tmp_path: Path
) -> None:
    # Each time it comes a few batches further, so there are enough of them.
    source = made("render-manager", "render-manager-odd", rows=BATCH * 4 * KILLS)
    chance = random.Random()
    killed = 0
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        while killed < KILLS:
            begun = _count(conn)
            enough = begun + chance.randrange(1, 3 * BATCH)
            running = _come(source, database, tmp_path)
            while running.poll() is None and _count(conn) < enough:
                pass
            if running.poll() is not None:
                break
            running.kill()
            running.wait()
            killed += 1
    assert killed == KILLS

    # The last batch of one that was killed may yet be at work: the next run waits for it.
    last = _come(source, database, tmp_path)
    assert last.wait() == 0

    total = one(source, 'select count(*) from "Job"')
    assert (
        one(database, "select count(*) from ops.imported where source = 'Job'")
        == one(database, "select count(*) from work.jobs")
        == one(database, "select count(*) from render.specs")
    )
    assert total == one(
        database,
        "select (select count(*) from ops.imported where source = 'Job')"
        " + (select count(*) from ops.import_refusals where source = 'Job')",
    )
    assert ask(source, 'select id from "Job" order by id collate "C"') == ask(
        database,
        "select old_id from (select old_id from ops.imported where source = 'Job' union all"
        " select old_id from ops.import_refusals where source = 'Job') as i order by old_id collate \"C\"",
    )
    assert one(database, "select count(*) from work.events") == one(
        database, "select count(*) from work.jobs where completed_at is not null"
    )
    waiting = one(database, "select count(*) from work.jobs where status = 'queued'")
    assert waiting == one(database, "select sum(active_jobs) from work.usages")
    assert one(database, "select count(*) from work.problems()") == 0
    assert sum(each.entered for each in bring(source, database, "render-manager")) == 0


def _count(conn: psycopg.Connection) -> int:
    row = conn.execute("select count(*) from ops.imported").fetchone()
    assert row is not None
    return int(row[0])
