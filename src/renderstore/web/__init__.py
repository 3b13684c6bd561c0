"""What an error means to whoever asked over HTTP: a status code and a sentence, for any framework.

    from renderstore.web import answer

    try:
        ...
    except renderstore.Error as error:
        said = answer(error)
        return said.status, said.body, said.headers

Starlette and FastAPI take `renderstore.web.starlette.on_error` as it is, FastAPI its `on_invalid` too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from renderstore.errors import (
    Conflict,
    Error,
    Invalid,
    LabelUnknown,
    Missing,
    NotAllowed,
    NotFound,
    PoolExhausted,
    QuotaExceeded,
    Refused,
    StillReferenced,
    StoreClosed,
    Taken,
    TakenTooLate,
    TimedOut,
    TokenRefused,
    Unreachable,
    UserMoving,
    UserUnknownHere,
)

__all__ = ["Answer", "answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is sent back."""

    status: int
    body: dict[str, str]
    """`detail` is the sentence, `error` the class; `rule` the constraint and `parameter` the argument, where there is one."""
    headers: dict[str, str] = field(default_factory=dict[str, str])


# The nearest class counts. What is not here is our fault, and 500.
_STATUS: dict[type[Error], int] = {
    TokenRefused: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    Refused: 409,
    Taken: 409,
    Invalid: 422,
    LabelUnknown: 422,
    Missing: 422,
    QuotaExceeded: 429,
    PoolExhausted: 503,
    StoreClosed: 503,
    TakenTooLate: 500,  # ours: whoever asked did nothing wrong
    TimedOut: 503,
    UserMoving: 503,
    UserUnknownHere: 503,
    Unreachable: 503,
}

# The same class, but what is missing or refused is something else than what the address names.
_BY_SQLSTATE = {
    "23503": 422,  # a value names a row that is not there
    "25006": 503,  # a standby, or a server that is being moved
}

# The limits of a plan that waiting does not lift.
_BY_RULE = {
    "plans_max_priority": 403,
    "plans_max_projects": 403,
    "plans_max_stored_bytes": 403,
}

# What an error says of servers, pools and logins is for the log.
_FAULT = "Something went wrong on our side."
_BUSY = "The database cannot be reached, or takes too long, at the moment. Try again."


def answer(error: Error) -> Answer:
    """The status code and what to say. From 500 on the error's own sentence is for the log alone."""
    status = _status(error)
    if status >= 500:
        detail = _BUSY if status == 503 else _FAULT
        return Answer(
            status=status,
            body={
                "detail": detail,
                "error": "Unavailable" if status == 503 else "Error",
            },
            headers={"Retry-After": "1"} if status == 503 else {},
        )
    body = {"detail": error.sentence, "error": type(error).__name__}
    if error.constraint is not None:
        body["rule"] = error.constraint
    if error.parameter is not None:
        body["parameter"] = error.parameter
    return Answer(
        status=status,
        body=body,
        headers={"WWW-Authenticate": "Bearer"} if status == 401 else {},
    )


def _status(error: Error) -> int:
    if isinstance(
        error, StillReferenced
    ):  # its SQLSTATE is that of a parent that is not there
        return 409
    found = _BY_SQLSTATE.get(error.sqlstate or "") or _BY_RULE.get(
        error.constraint or ""
    )
    if found is not None:
        return found
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
