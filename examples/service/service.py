"""A service in front of the queue: sign in, submit, list, cancel, follow.

    pip install -r requirements.txt     # and renderstore: see its README
    DATABASE_URL=… uvicorn service:app --timeout-graceful-shutdown 5

Whoever follows a job holds a connection open: without that option a server that is told to stop waits for the job's end.

DATABASE_URL's login enters the scopes of sign-in and of users: `renderstore login web NAME` makes one.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import httpx
from fastapi import Body, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

import renderstore
from renderstore import AsyncStore, aconnect
from renderstore.aio import identity, render, work
from renderstore.errors import NotFound
from renderstore.render import RenderStatus
from renderstore.render.jobs import Job, ListedJob, Submitted
from renderstore.secrets import hash_token, verify_password
from renderstore.web import answer
from renderstore.web.starlette import on_error, on_invalid
from renderstore.work.jobs import ChangedJob
from renderstore.worker import await_job

SESSION = timedelta(days=14)
PLEX = os.environ.get("PLEX_URL", "https://plex.tv")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[dict[str, AsyncStore]]:
    """One store for the life of the process; it dials when somebody asks."""
    async with aconnect() as store:
        yield {"store": store}


app = FastAPI(title="renders", lifespan=lifespan)
app.add_exception_handler(renderstore.Error, on_error)
app.add_exception_handler(RequestValidationError, on_invalid)


def get_store(request: Request) -> AsyncStore:
    store: AsyncStore = request.state.store
    return store


InStore = Annotated[AsyncStore, Depends(get_store)]

# Signing in: a browser keeps the session in a cookie, a program sends it as a bearer.


async def begin(store: AsyncStore, response: Response, user_id: UUID) -> dict[str, str]:
    """A new session; whoever is suspended or deactivated is refused here (UserNotActive)."""
    session = await store.auth().run(
        identity.session_tokens.issue, user_id=user_id, lifetime=SESSION
    )
    response.set_cookie(
        "session",
        session.secret,
        max_age=int(SESSION.total_seconds()),
        httponly=True,
        secure=True,
        samesite="lax",
    )
    return {"session": session.secret}


@app.post("/sign-in/password")
async def sign_in_with_password(
    store: InStore,
    response: Response,
    email: Annotated[str, Body()],
    password: Annotated[str, Body()],
) -> dict[str, str]:
    """For the first administrator, who alone has a password."""
    found = await store.auth().run(identity.sign_in.find_password, email=email)
    # In a thread, since it takes a while on purpose; as long for somebody who is not there.
    known = found.password_hash if found is not None else None
    if not await asyncio.to_thread(verify_password, password, known) or found is None:
        raise HTTPException(401, "The address or the password is wrong.")
    return await begin(store, response, found.id)


@app.post("/sign-in/plex")
async def sign_in_with_plex(
    store: InStore, response: Response, token: Annotated[str, Body(embed=True)]
) -> dict[str, str]:
    """For whom Plex knows: the first sign-in makes the user. Google and others come in by Auth.js (docs/authjs.md)."""
    try:
        async with httpx.AsyncClient(base_url=PLEX, timeout=10) as plex:
            said = await plex.get("/api/v2/user", headers={"X-Plex-Token": token})
    except (httpx.HTTPError, UnicodeEncodeError) as error:
        raise HTTPException(502, "Plex does not answer.") from error
    if said.status_code != 200:
        raise HTTPException(401, "Plex does not know this token.")
    account = said.json()
    user = await store.auth().run(
        identity.sign_in.sign_in_with_plex,
        plex_id=account["id"],
        plex_username=account["username"],
        email=account["email"],
        name=account["title"],
    )
    return await begin(store, response, user.id)


def get_session(request: Request) -> str:
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    secret = bearer if scheme.lower() == "bearer" else request.cookies.get("session")
    if not secret:
        raise HTTPException(401, "Sign in first.", {"WWW-Authenticate": "Bearer"})
    return secret


Session = Annotated[str, Depends(get_session)]


async def get_user_id(store: InStore, secret: Session) -> UUID:
    try:
        session = await store.auth().run(
            identity.session_tokens.check, token_hash=hash_token(secret)
        )
    except NotFound as error:
        raise HTTPException(
            401, "The session has ended. Sign in again.", {"WWW-Authenticate": "Bearer"}
        ) from error
    return session.user_id


UserId = Annotated[UUID, Depends(get_user_id)]


@app.delete("/session", status_code=204)
async def sign_out(store: InStore, secret: Session, response: Response) -> None:
    await store.auth().run(
        identity.session_tokens.delete_by_hash, token_hash=hash_token(secret)
    )
    response.delete_cookie("session")


# Jobs: every call is one transaction of this user, and sees this user's rows alone.


class NewJob(BaseModel):
    """What the database checks is not checked here."""

    template_path: str
    output_path: str
    project_name: str | None = None
    priority: int | None = None
    labels: list[str] | None = None
    due_at: datetime | None = None
    idempotency_key: str | None = None


@app.post("/jobs", status_code=201)
async def submit(
    store: InStore, me: UserId, job: NewJob, response: Response
) -> Submitted:
    made = await store.user(me).run(render.jobs.submit, **job.model_dump())
    if not made.is_new:
        response.status_code = 200
    return made


@app.get("/jobs")
async def list_jobs(
    store: InStore,
    me: UserId,
    status: RenderStatus | None = None,
    before_id: UUID | None = None,
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[ListedJob]:
    """Newest first; `before_id` is the last id of the page before."""
    return await store.user(me).run(
        render.jobs.list, status=status, before_id=before_id, page_size=page_size
    )


@app.get("/jobs/{id}")
async def get_job(store: InStore, me: UserId, id: UUID) -> Job:
    return await store.user(me).run(render.jobs.get, id=id)


@app.post("/jobs/{id}/cancel")
async def cancel(store: InStore, me: UserId, id: UUID) -> ChangedJob:
    """A second click says the same as the first; a job that has completed is a conflict."""
    return await store.user(me).run(work.jobs.cancel, id=id)


@app.get("/jobs/{id}/log")
async def read_log(store: InStore, me: UserId, id: UUID) -> str:
    return await store.user(me).run(work.logs.get_text, job_id=id)


@app.get("/jobs/{id}/events")
async def follow(store: InStore, me: UserId, id: UUID) -> StreamingResponse:
    """Server-sent events: the job as it is, each time that it changes, and its end."""
    job = await store.user(me).run(
        render.jobs.get, id=id
    )  # or 404, before a word is sent
    return StreamingResponse(
        changes(store, me, job),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def changes(store: AsyncStore, me: UUID, job: Job) -> AsyncGenerator[str]:
    shown = None
    try:
        while True:
            if (job.status, job.progress) != shown:
                shown = (job.status, job.progress)
                yield event("job", jsonable_encoder(job))
            else:
                yield ": still there\n\n"  # a connection that was dropped is noticed
            if job.completed_at is not None:
                return
            with suppress(TimeoutError):  # its end at once, its progress every second
                await await_job(store, user_id=me, id=job.id, timeout=1)
            job = await store.user(me).run(render.jobs.get, id=job.id)
    except renderstore.Error as error:  # deleted, or the database is away
        yield event("problem", answer(error).body)


def event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
