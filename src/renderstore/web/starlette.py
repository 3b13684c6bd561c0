"""Errors to responses in Starlette and FastAPI: `app.add_exception_handler(renderstore.Error, on_error)`."""

from __future__ import annotations

from logging import getLogger

from starlette.requests import Request
from starlette.responses import JSONResponse

from renderstore.errors import Error
from renderstore.web import answer

__all__ = ["on_error"]

_log = getLogger("renderstore.web")


async def on_error(request: Request, error: Exception) -> JSONResponse:
    """The response to an error of ours. What is not the caller's fault is logged with its traceback."""
    if not isinstance(error, Error):
        raise error
    said = answer(error)
    if said.status >= 500:
        _log.error("%s %s: %s", request.method, request.url.path, error, exc_info=error)
    return JSONResponse(said.body, status_code=said.status, headers=said.headers)
