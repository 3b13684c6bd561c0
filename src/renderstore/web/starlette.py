"""Errors to responses in Starlette and FastAPI.

app.add_exception_handler(renderstore.Error, on_error)
app.add_exception_handler(RequestValidationError, on_invalid)     # FastAPI
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from logging import getLogger
from typing import Protocol, runtime_checkable

from starlette.requests import Request
from starlette.responses import JSONResponse

from renderstore.errors import Error
from renderstore.web import answer

__all__ = ["on_error", "on_invalid"]

_log = getLogger("renderstore.web")


async def on_error(request: Request, error: Exception) -> JSONResponse:
    """The response to an error of ours. What is not the caller's fault is logged with its traceback."""
    if not isinstance(error, Error):
        raise error
    said = answer(error)
    if said.status >= 500:
        _log.error("%s %s: %s", request.method, request.url.path, error, exc_info=error)
    return JSONResponse(said.body, status_code=said.status, headers=said.headers)


@runtime_checkable
class _Validation(Protocol):
    """FastAPI's RequestValidationError, which Starlette does not have."""

    def errors(self) -> Iterable[Mapping[str, object]]: ...


async def on_invalid(request: Request, error: Exception) -> JSONResponse:
    """FastAPI's own answer to a request of the wrong form, without what was sent: that may be text which no answer can hold."""
    del request
    if not isinstance(error, _Validation):
        raise error
    problems = [{"loc": each["loc"], "msg": each["msg"]} for each in error.errors()]
    return JSONResponse({"detail": problems}, status_code=422)
