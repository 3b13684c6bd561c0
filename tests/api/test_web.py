"""renderstore.web: what each error means over HTTP."""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from renderstore import errors
from renderstore.errors import Error
from renderstore.web import answer
from renderstore.web.starlette import on_error, on_invalid

STATUS = {
    "AssetInUse": 409,
    "BootstrapDone": 403,
    "Conflict": 409,
    "EmailTaken": 409,
    "Error": 500,
    "Invalid": 422,
    "KeyMalformed": 500,
    "KeyUnknown": 500,
    "KeysMissing": 500,
    "LabelUnknown": 422,
    "LeaseLost": 409,
    "Misconfigured": 500,
    "Missing": 422,
    "NotAWorker": 403,
    "NotAllowed": 403,
    "NotAnAdministrator": 403,
    "NotDecrypted": 500,
    "NotHome": 409,
    "NotFound": 404,
    "NotMigrated": 500,
    "PoolExhausted": 503,
    "QuotaExceeded": 429,
    "Refused": 409,
    "ScopeBroken": 500,
    "ScopeNotGranted": 500,
    "SpecificationMissing": 409,
    "StillReferenced": 409,
    "StoreClosed": 503,
    "Taken": 409,
    "TakenTooLate": 500,
    "TimedOut": 503,
    "TokenRefused": 401,
    "TransitionRefused": 409,
    "Unreachable": 503,
    "Unreadable": 500,
    "UserMoving": 503,
    "UserNotActive": 403,
    "UserUnknownHere": 503,
    "WorkerReplaced": 500,
    "WorkerUnknown": 409,
    "WrongFarm": 409,
}


def test_every_error_has_its_status() -> None:
    found = {
        name: answer(kind("Said.")).status
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, Error)
    }
    assert {name: STATUS.get(name) for name in found} == found


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.NotFound("Said.", sqlstate="P0002"), 404),
        (errors.NotFound("Said.", sqlstate="23503"), 422),
        (errors.StillReferenced("Said.", sqlstate="23503"), 409),
        (errors.NotAllowed("Said.", sqlstate="25006"), 503),
        (errors.QuotaExceeded("Said.", constraint="plans_max_active_jobs"), 429),
        (errors.QuotaExceeded("Said.", constraint="plans_max_priority"), 403),
        (errors.QuotaExceeded("Said.", constraint="plans_max_projects"), 403),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_missing_or_refused_counts_too(error: Error, status: int) -> None:
    assert answer(error).status == status


def test_the_callers_fault_is_said() -> None:
    said = answer(
        errors.Invalid("A title has 200 characters.", constraint="r", parameter="title")
    )
    assert said.body == {
        "detail": "A title has 200 characters.",
        "error": "Invalid",
        "rule": "r",
        "parameter": "title",
    }


@pytest.mark.parametrize(
    "error", [errors.Unreachable("db7 is away."), errors.ScopeNotGranted("grant x.")]
)
def test_ours_is_not(error: Error) -> None:
    assert error.sentence not in str(answer(error))
    assert type(error).__name__ not in str(answer(error))


def met(error: Exception) -> httpx.Response:
    """What an application answers that meets this error."""

    async def meet(request: Request) -> Response:
        raise error

    app = Starlette(routes=[Route("/jobs", meet)], exception_handlers={Error: on_error})

    async def ask() -> httpx.Response:
        way = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=way, base_url="http://here") as client:
            return await client.get("/jobs")

    return asyncio.run(ask())


def test_starlette_answers_so(caplog: pytest.LogCaptureFixture) -> None:
    said = met(errors.TokenRefused("No."))
    assert (said.status_code, said.json()["detail"]) == (401, "No.")
    assert said.headers["www-authenticate"] == "Bearer"
    assert "renderstore.web" not in {record.name for record in caplog.records}


def test_what_is_our_fault_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    said = met(errors.Unreachable("db7 is away."))
    assert (said.status_code, said.headers["retry-after"]) == (503, "1")
    [record] = [one for one in caplog.records if one.name == "renderstore.web"]
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "GET /jobs: db7 is away."
    assert record.exc_info is not None


def test_an_error_of_somebody_else_passes() -> None:
    assert met(ValueError("x")).status_code == 500


def test_a_request_of_the_wrong_form_is_told_so_without_what_it_sent() -> None:
    app = FastAPI()
    app.add_exception_handler(RequestValidationError, on_invalid)

    @app.post("/jobs/{number}")
    def take(number: int) -> None:  # pyright: ignore[reportUnusedFunction]
        del number

    @app.post("/jobs")
    async def take_body(job: dict[str, int]) -> None:  # pyright: ignore[reportUnusedFunction]
        del job

    async def ask() -> tuple[httpx.Response, httpx.Response]:
        way = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=way, base_url="http://here") as client:
            # Half a character: JSON has it, and UTF-8 does not.
            half = await client.post("/jobs", content=b'{"a": "\\ud800"}')
            return await client.post("/jobs/x"), half

    number, half = asyncio.run(ask())
    assert (number.status_code, half.status_code) == (422, 422)
    [problem] = number.json()["detail"]
    assert problem.keys() == {"loc", "msg"}
    assert problem["loc"] == ["path", "number"]


def test_another_error_is_not_taken_for_one_of_form() -> None:
    with pytest.raises(ValueError, match="x"):
        asyncio.run(on_invalid(Request({"type": "http"}), ValueError("x")))
