"""A claim that meets a job it cannot decode hands out the rest, and somebody hears of that one."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests import factories

from renderstore.aio.media import downloads
from renderstore.aio.render import jobs as renders
from renderstore.aio.studio import steps
from renderstore.aio.work import jobs, workers
from renderstore.store import aconnect
from renderstore.testing import Database
from renderstore.work import JobKind

# More than any limit of Python's, and than ours.
POISON = '{"a": ' + "9" * 5_000 + "}"
# Where each kind keeps what a claim gives, and what keeps poison out of it.
SPECS = {
    "render": (
        "alter domain render.nexrender_config drop constraint nexrender_config_is_accepted_check",
        "update render.specs set nexrender_config = %s where job_id = %s",
    ),
    "download": (
        "alter table media.download_specs drop constraint download_specs_options_are_object_check",
        "update media.download_specs set options = %s where job_id = %s",
    ),
    "step": (
        "alter table studio.step_specs drop constraint step_specs_config_is_object_check",
        "update studio.step_specs set config = %s where job_id = %s",
    ),
}
CLAIMS: dict[str, Any] = {
    "render": renders.claim,
    "download": downloads.claim,
    "step": steps.claim,
}
SUBMIT = {
    "render": "select id from render.submit('/a.mov', '/a.aep', max_failures => %s)",
    "download": "select id from media.submit_download('https://example.org/a', max_failures => %s)",
    "step": "select id from studio.submit_step('script', (select id from studio.projects), max_failures => %s)",
}


def planted(database: Database, kind: str, *, max_failures: int = 3) -> list[UUID]:
    """Three jobs, of which the second cannot be read: as a mistake of the owner's leaves it."""
    user = factories.users.make(database)
    with factories.acting(database, "app", user) as conn:
        conn.execute("select studio.create_project('The fox')")
        ids = [
            row[0]
            for _ in range(3)
            for row in conn.execute(SUBMIT[kind].encode(), [max_failures]).fetchall()
        ]
    opening, planting = SPECS[kind]
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(opening.encode())
        conn.execute(planting.encode(), [POISON, ids[1]])
    return ids


@pytest.mark.parametrize("kind", SPECS)
@pytest.mark.parametrize("is_plain", [False, True], ids=["fast", "plain"])
@pytest.mark.parametrize("is_scope", [False, True], ids=["run", "scope"])
async def test_a_claim_hands_out_the_rest_and_reports_what_it_cannot_read(
    database: Database,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    is_plain: bool,
    is_scope: bool,
) -> None:
    ids = planted(database, kind, max_failures=1)
    async with aconnect(database.url, size=1, plain=is_plain) as store:
        worker = store.worker("mac-1")
        await worker.run(workers.register, kinds=[JobKind(kind)], labels=[])
        with caplog.at_level(logging.ERROR, "renderstore"):
            if is_scope:
                async with worker as conn:
                    found = await CLAIMS[kind](conn, limit=10)
            else:
                found = await worker.run(CLAIMS[kind], limit=10)
        assert {job.id for job in found} == {ids[0], ids[2]}
        assert str(ids[1]) in caplog.text
        # The connection is as good as before.
        for job in found:
            await worker.run(
                jobs.finish, user_id=job.user_id, id=job.id, attempt=job.attempt
            )
    said = factories.look(
        database,
        "select status::text, failures, held_by, error_class, error_message from work.jobs where id = %(id)s",
        id=ids[1],
    )
    [(status, failures, held_by, error_class, message)] = said
    assert (status, failures, held_by, error_class) == (
        "failed",
        1,
        None,
        "unreadable",
    )
    assert "5000 digits" in message, message
    assert factories.look(database, "select * from work.problems()") == []


async def test_who_cannot_report_it_hands_out_the_rest(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    ids = planted(database, "render")
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "revoke execute on function work.fail(uuid, uuid, integer, text, text, bigint)"
            " from renderstore_worker"
        )
    async with aconnect(database.url, size=1) as store:
        worker = store.worker("mac-1")
        await worker.run(workers.register, kinds=list(JobKind), labels=[])
        # Committed with its statement: an error would only hide the others.
        found = await worker.run(renders.claim, limit=10)
        assert {job.id for job in found} == {ids[0], ids[2]}
        assert f"Job {ids[1]}: its failure cannot be reported." in caplog.text
