"""examples/service: what a person in a browser meets."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from uuid import uuid4

import httpx
import psycopg
import pytest
from tests import factories

from renderstore import render, work
from renderstore.identity import sign_in as signing
from renderstore.render.jobs import ClaimRow
from renderstore.secrets import hash_password
from renderstore.store import SyncStore, connect
from renderstore.testing import Database, Server

from .support import EXAMPLES, plex, served, sign_in, submit


@pytest.fixture(scope="module")
def database(renderstore_server: Server) -> Generator[Database]:
    """One database for the service's life."""
    made = renderstore_server.clone()
    yield made
    renderstore_server.drop(made)


@pytest.fixture(scope="module")
def store(database: Database) -> Generator[SyncStore]:
    """What the farm does beside the service."""
    with connect(database.url) as opened:
        factories.registered(opened, "mac-1")
        yield opened


@pytest.fixture(scope="module")
def address(database: Database) -> Generator[str]:
    with plex() as tv:
        environment = {**os.environ, "DATABASE_URL": database.url, "PLEX_URL": tv}
        with served(EXAMPLES / "service", environment) as at:
            yield at


@pytest.fixture(scope="module")
def ann(address: str) -> Generator[httpx.Client]:
    with sign_in(address, "token-of-ann") as client:
        yield client


@pytest.fixture(scope="module")
def bob(address: str) -> Generator[httpx.Client]:
    with sign_in(address, "token-of-bob") as client:
        yield client


def claim(store: SyncStore, id: object) -> ClaimRow:
    """A worker takes jobs until it has this one."""
    with store.worker("mac-1") as conn:
        while True:
            [job] = render.jobs.claim(conn, limit=1)
            if str(job.id) == str(id):
                return job


def test_whoever_plex_does_not_know_is_told_so(address: str) -> None:
    said = httpx.post(f"{address}/sign-in/plex", json={"token": "somebody's"})
    assert (said.status_code, said.json()["detail"]) == (
        401,
        "Plex does not know this token.",
    )


def test_the_first_administrator_signs_in_with_a_password(
    address: str, store: SyncStore
) -> None:
    store.auth().run(
        signing.create_bootstrap_admin,
        email="root@example.org",
        name="Root",
        password_hash=hash_password("correct horse"),
    )

    def knock(email: str, password: str) -> httpx.Response:
        asked = {"email": email, "password": password}
        return httpx.post(f"{address}/sign-in/password", json=asked, timeout=60)

    wrong = knock("root@example.org", "battery staple")
    nobody = knock("nobody@example.org", "correct horse")
    assert (wrong.status_code, wrong.json()) == (nobody.status_code, nobody.json())
    assert wrong.status_code == 401
    right = knock("Root@example.org", "correct horse")
    assert right.status_code == 200
    cookie = right.headers["set-cookie"]
    for said in ("session=rs_session_", "HttpOnly", "Secure", "SameSite=lax"):
        assert said in cookie


@pytest.mark.parametrize("sent", [{}, {"Authorization": "Bearer rs_session_no"}])
def test_without_a_session_there_is_nothing(address: str, sent: dict[str, str]) -> None:
    said = httpx.get(f"{address}/jobs", headers=sent)
    assert said.status_code == 401
    assert "ign in" in said.json()["detail"]


def test_a_session_in_a_cookie_counts_too(address: str, ann: httpx.Client) -> None:
    secret = ann.headers["Authorization"].removeprefix("Bearer ")
    said = httpx.get(f"{address}/jobs", headers={"Cookie": f"session={secret}"})
    assert said.status_code == 200


def test_signing_out_ends_the_session(address: str) -> None:
    with sign_in(address, "token-of-ann") as client:
        assert client.delete("/session").status_code == 204
        assert client.get("/jobs").status_code == 401


def test_a_suspended_user_is_refused_with_the_databases_sentence(
    address: str, database: Database
) -> None:
    with sign_in(address, "token-of-bob") as client:
        with psycopg.connect(database.admin_url) as conn:
            conn.execute(
                "update identity.users set status = 'suspended' where plex_id = 8"
            )
        try:
            again = httpx.post(
                f"{address}/sign-in/plex", json={"token": "token-of-bob"}
            )
            assert again.status_code == 403
            assert "suspended" in again.json()["detail"]
            assert client.get("/jobs").status_code == 401
        finally:
            with psycopg.connect(database.admin_url) as conn:
                conn.execute(
                    "update identity.users set status = 'active' where plex_id = 8"
                )


def test_a_job_is_submitted_and_listed(ann: httpx.Client) -> None:
    first, second = submit(ann), submit(ann, project_name="Spot")
    page = ann.get("/jobs", params={"page_size": 1, "status": "queued"}).json()
    assert [(job["id"], job["project_name"]) for job in page] == [(str(second), "Spot")]
    next_page = ann.get("/jobs", params={"page_size": 1, "before_id": str(second)})
    assert [job["id"] for job in next_page.json()] == [str(first)]
    assert ann.get(f"/jobs/{first}").json()["submitted_by"].startswith("user:")


def test_a_repeated_submission_finds_its_job(ann: httpx.Client) -> None:
    first = submit(ann, idempotency_key="once")
    asked = {"template_path": "/a.aep", "output_path": "/a.mov"}
    again = ann.post("/jobs", json=asked | {"idempotency_key": "once"})
    assert (again.status_code, again.json()["id"]) == (200, str(first))


def test_nobody_sees_somebody_elses_job(ann: httpx.Client, bob: httpx.Client) -> None:
    job = submit(ann)
    for said in (
        bob.get(f"/jobs/{job}"),
        bob.post(f"/jobs/{job}/cancel"),
        bob.get(f"/jobs/{job}/events"),
    ):
        assert said.status_code == 404
    assert bob.get(f"/jobs/{uuid4()}").json() == bob.get(f"/jobs/{job}").json()


def test_a_second_click_on_cancel_says_the_same(ann: httpx.Client) -> None:
    job = submit(ann)
    first, second = (ann.post(f"/jobs/{job}/cancel") for _ in range(2))
    assert (first.status_code, first.json()["status"]) == (200, "cancelled")
    assert (second.status_code, second.json()) == (200, first.json())


def test_cancelling_what_has_completed_is_a_conflict(
    ann: httpx.Client, store: SyncStore
) -> None:
    job = claim(store, submit(ann))
    with store.worker("mac-1") as conn:
        work.jobs.finish(conn, user_id=job.user_id, id=job.id, attempt=job.attempt)
    said = ann.post(f"/jobs/{job.id}/cancel")
    assert (said.status_code, said.json()) == (
        409,
        {"detail": "This job has already completed.", "error": "TransitionRefused"},
    )


@pytest.mark.parametrize(
    ("asked", "status", "detail"),
    [
        ({"project_name": "a\x00b"}, 422, "text without a NUL character"),
        ({"project_name": "x" * 5000}, 422, "project"),
        ({"output_path": "renders/../spot"}, 422, "path"),
        ({"priority": -1}, 422, "A job's priority is 0 to 10."),
        ({"priority": 10**30}, 422, ""),
        ({"priority": 9}, 403, "The plan Free allows priorities up to 5"),
        ({"labels": ["no-such"]}, 422, "no-such"),
        ({"due_at": "2999-12-31T23:59:59+00:00"}, 201, ""),
        ({"due_at": "0001-01-01T00:00:00+23:00"}, 422, ""),
    ],
)
def test_what_the_database_refuses_is_the_callers_fault(
    ann: httpx.Client, asked: dict[str, object], status: int, detail: str
) -> None:
    valid = {"template_path": "/ads/spot.aep", "output_path": "/renders/spot.mov"}
    said = ann.post("/jobs", json=valid | asked)
    assert said.status_code == status, said.text
    assert detail in said.text


@pytest.mark.parametrize(
    "body",
    [
        rb'{"template_path": "\ud800", "output_path": "/a"}',
        rb'{"template_path": "/a", "output_path": "\udfff"}',
        b'{"template_path": "/a", "output_path": "/a", "priority": NaN}',
        b'{"template_path": "/a"}',
        b"[]",
        b"\xff",
        b"{" * 100_000,
    ],
    ids=range(7),
)
def test_a_body_that_is_no_body_is_the_callers_fault(
    ann: httpx.Client, body: bytes
) -> None:
    sent = {"Content-Type": "application/json"}
    said = ann.post("/jobs", content=body, headers=sent)
    assert said.status_code in (400, 422), said.text


def test_strange_addresses_are_the_callers_fault(ann: httpx.Client) -> None:
    for path in ("/jobs/7", "/jobs?page_size=0", "/jobs?status=running", "/jobs/%00"):
        assert ann.get(path).status_code == 422, path
    strange = httpx.Headers({"Authorization": "Bearer \x80"}, encoding="latin-1")
    assert ann.get("/jobs", headers=strange).status_code == 401


def events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, object]]]:
    """What an EventSource would hear."""
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


def test_a_job_is_followed_to_its_end(ann: httpx.Client, store: SyncStore) -> None:
    submitted = submit(ann)
    with ann.stream("GET", f"/jobs/{submitted}/events") as said:
        assert said.headers["content-type"].startswith("text/event-stream")
        heard = events(said.iter_lines())
        assert next(heard)[1]["status"] == "queued"
        job = claim(store, submitted)
        assert next(heard)[1]["status"] == "rendering"
        worker, attempt = store.worker("mac-1"), job.attempt
        owner = job.user_id
        worker.run(
            work.jobs.heartbeat,
            user_id=owner,
            id=job.id,
            attempt=attempt,
            progress=40,
        )
        assert next(heard)[1]["progress"] == 40
        worker.run(
            work.logs.append,
            user_id=owner,
            job_id=job.id,
            attempt=attempt,
            chunk="hello",
        )
        worker.run(work.jobs.finish, user_id=owner, id=job.id, attempt=attempt)
        last = list(heard)
    assert [(name, data["status"]) for name, data in last] == [("job", "completed")]
    assert ann.get(f"/jobs/{submitted}/log").json() == "hello"


def test_a_job_that_is_deleted_while_it_is_followed_is_said(
    ann: httpx.Client, store: SyncStore
) -> None:
    submitted = submit(ann)
    with ann.stream("GET", f"/jobs/{submitted}/events") as said:
        heard = events(said.iter_lines())
        next(heard)
        with store.admin(reason="tests") as conn:
            work.jobs.delete(conn, id=submitted)
        assert [name for name, _ in heard] == ["problem"]


def test_it_stops_though_somebody_follows(database: Database) -> None:
    # The followers leave last: leaving the server waits for its end.
    with ExitStack() as followers, plex() as tv:
        environment = {**os.environ, "DATABASE_URL": database.url, "PLEX_URL": tv}
        with served(EXAMPLES / "service", environment) as address:
            client = followers.enter_context(sign_in(address, "token-of-ann"))
            job = submit(client)
            said = followers.enter_context(client.stream("GET", f"/jobs/{job}/events"))
            assert next(events(said.iter_lines()))[0] == "job"
