"""How a run ended, whatever the render did or returned. Nothing here raises."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from inspect import iscoroutine
from itertools import islice
from traceback import TracebackException
from typing import cast

from renderstore._scope.values import UNREADABLE
from renderstore.errors import Unreadable

MOST_OUTPUTS = 10_000
_MAX_INT8 = 2**63 - 1
_MOST_CHARACTERS = 10_000
_MOST_OF_MESSAGE = 4_000
_MOST_OF_TRACEBACK = 5_000


class RenderFailed(Exception):  # noqa: N818 (it is the outcome, not the rule)
    """Raise it to say why a job failed: work.error_classes says which classes are tried again."""

    def __init__(
        self,
        message: str,
        *,
        error_class: str = "unknown",
        exit_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_class = error_class
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A file that a render made."""

    path: str
    size_bytes: int | None = None
    media_type: str | None = None


class Reason(StrEnum):
    """Why a job should stop."""

    CANCELLED = "cancelled"
    LOST = "lost"
    SHUTDOWN = "shutdown"


@dataclass(frozen=True, slots=True)
class Finished:
    """The render returned."""

    outputs: Sequence[Output] = ()


DONE = Finished()
"""The render returned, and made no files."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The render raised, or returned what is no outcome."""

    error_class: str
    message: str
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """The render was told to stop, or never began."""

    reason: Reason


Outcome = Finished | Failed | Stopped

# What an exception says of itself when it is not RenderFailed. The first that fits.
_CLASSES: tuple[tuple[type[BaseException], str], ...] = (
    (Unreadable, UNREADABLE),
    (TimeoutError, "timeout"),
    (ConnectionError, "network"),
    (OSError, "storage"),
)


def failure(error: BaseException) -> Failed:
    """The failure that an exception means: its class and message, and the end of its traceback."""
    if isinstance(error, RenderFailed):
        code: object = error.exit_code
        is_code = type(code) is int and abs(code) <= _MAX_INT8
        return Failed(
            said(error.error_class, 200) or "unknown",
            said(error.message, _MOST_CHARACTERS),
            error.exit_code if is_code else None,
        )
    found = [name for kind, name in _CLASSES if isinstance(error, kind)]
    text = f"{type(error).__name__}: {said(error, _MOST_OF_MESSAGE)}"
    trace = _end_of_traceback(error)
    return Failed(
        found[0] if found else "unknown",
        clean(f"{text}\n\n{trace}" if trace else text),
        None,
    )


def finished(made: object) -> Finished | Failed:
    """What a render returned, if that is None or the files that it made."""
    if made is None:
        return DONE
    if isinstance(made, str | bytes) or not isinstance(made, Iterable):
        return _not_outputs(made)
    outputs: list[Output] = []
    try:
        for each in islice(cast("Iterable[object]", made), MOST_OUTPUTS + 1):
            if not isinstance(each, Output) or not _is_sound(each):
                return _not_outputs(each)
            outputs.append(each)
    except BaseException as error:
        return failure(error)
    if len(outputs) > MOST_OUTPUTS:
        return Failed(
            "invalid", f"The render made more than {MOST_OUTPUTS} files.", None
        )
    return Finished(tuple(outputs))


def clean(text: str) -> str:
    """Text as PostgreSQL can store it."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def said(thing: object, most: int = _MOST_CHARACTERS) -> str:
    """A thing's text, where it has one that can be read."""
    try:
        text = str(thing)
        short = text if len(text) <= most else f"{text[: most - 2]} …"
        return clean(short)
    except BaseException:
        return "(its text cannot be read)"


def _is_sound(each: Output) -> bool:
    # What the types say is not what every caller gives.
    fields: list[object] = [each.path, each.size_bytes, each.media_type]
    path, size, media_type = fields
    return (
        isinstance(path, str)
        and (size is None or (type(size) is int and abs(size) <= _MAX_INT8))
        and (media_type is None or isinstance(media_type, str))
    )


def _not_outputs(made: object) -> Failed:
    shown = ""
    with suppress(BaseException):
        shown = repr(made)[:200]
    if iscoroutine(made):
        with suppress(BaseException):
            made.close()  # nobody awaits it
    return Failed(
        "invalid",
        clean(
            f"The render returned a {type(made).__name__} ({shown}): it returns None, or the files"
            " that it made, each an Output(path=…, size_bytes=…, media_type=…)."
        ),
        None,
    )


def _end_of_traceback(error: BaseException) -> str:
    try:
        lines = "".join(
            TracebackException.from_exception(_without_ours(error), limit=-20).format()
        ).strip()
    except BaseException:
        return ""
    if len(lines) > _MOST_OF_TRACEBACK:
        lines = f"… {lines[-_MOST_OF_TRACEBACK:]}"
    return lines


def _without_ours(error: BaseException) -> BaseException:
    """The traceback begins with the render, not with whoever called it."""
    trace = error.__traceback__
    while (
        trace is not None
        and "/renderstore/worker/_"
        in trace.tb_frame.f_code.co_filename.replace("\\", "/")
    ):
        trace = trace.tb_next
    if trace is not None:
        error.__traceback__ = trace
    return error
