"""What can go wrong, as one small tree: a sentence for people, names for programs.

The sentences are the comments of the constraints. A failed transaction cannot be asked for
them, so `just generate` writes them into the package. Nothing is taken from an error's
DETAIL, which quotes the row's values; WrongFarm's is ours, and holds the farm's number.
"""

# ruff: noqa: N818  (an error is named after the rule that was broken)

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TypeVar

import psycopg
from psycopg.errors import Diagnostic

from renderstore._hints import hint

T = TypeVar("T")


class Error(Exception):
    """Everything that this package raises on purpose."""

    def __init__(
        self,
        sentence: str,
        *,
        schema: str | None = None,
        table: str | None = None,
        constraint: str | None = None,
        parameter: str | None = None,
        sqlstate: str | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.schema = schema
        self.table = table
        self.constraint = constraint
        self.parameter = parameter
        self.sqlstate = sqlstate


class Misconfigured(Error):
    """A setting is missing or cannot be used."""


class Unreachable(Error):
    """The server cannot be reached, or a connection to it was lost."""


class PoolExhausted(Error):
    """Every connection was in use for longer than a caller waits."""


class TimedOut(Error):
    """A statement took longer, waited longer for a lock, or left its transaction idle longer, than its login allows; or it was cancelled."""


class StoreClosed(Error):
    """The store was closed before."""


class NotMigrated(Error):
    """The database lacks the migrations that this needs."""


class ScopeBroken(Error):
    """A scope was used in a way that its transaction cannot keep."""


class ScopeNotGranted(Error):
    """The login may not enter this scope."""


class NotAllowed(Error):
    """The rights or the policies refuse this."""


class NotAnAdministrator(NotAllowed):
    """An administrator's scope was asked for somebody who is none."""


class BootstrapDone(NotAllowed):
    """The first administrator was already made."""


class TokenRefused(NotAllowed):
    """An API token is unknown, revoked, expired, or may not do this."""


class UserNotActive(NotAllowed):
    """The user is suspended or deactivated."""


class NotAWorker(NotAllowed):
    """Only a worker does this to a job."""


class KeysMissing(Misconfigured):
    """There are no keys to encrypt or decrypt with."""


class KeyMalformed(Misconfigured):
    """A key is not what a key must be."""


class KeyUnknown(Misconfigured):
    """A value was encrypted with a key that is not among the keys."""


class NotDecrypted(Error):
    """A value does not decrypt: another key, another row, or a changed value."""


class Taken(Error):
    """Another row already has this value."""


class EmailTaken(Taken):
    """Another user already has this e-mail address."""


class Invalid(Error):
    """A value breaks a rule of its table, or is not what its parameter takes: `parameter` names that."""


class Unreadable(Error):
    """The database holds a value that this client cannot hold."""


class Missing(Error):
    """A value that must be there is not."""


class NotFound(Error):
    """There is no such row, or no such parent."""


class StillReferenced(Error):
    """Other rows still need this one."""


class Conflict(Error):
    """The transaction lost a race; running it again may succeed (see renderstore.retry)."""


class Refused(Error):
    """A function of the database refused, in its own words."""


class TransitionRefused(Refused):
    """The row does not change in this way: work.transitions, or a key, or what has begun."""


class QuotaExceeded(Refused):
    """The plan does not allow this; `constraint` names the limit, such as plans_max_active_jobs."""


class LeaseLost(Refused):
    """A report came without the job's current lease: somebody else may hold the job by now."""


class SpecificationMissing(Refused):
    """A job keeps its kind's specification: the one does not go without the other."""


class LabelUnknown(Refused):
    """A job asks for a label that no worker has offered and nobody declared."""


class WorkerReplaced(Error):
    """Another worker registered under this worker's name, and took it over."""


class WorkerUnknown(Refused):
    """A worker claims or waits that never registered: nobody knows what it takes."""


class AssetInUse(Refused):
    """A frame, or a job that has not ended, uses the asset."""


class TakenTooLate(Refused):
    """A rate limit is taken in a transaction of its own, by `run`: this one has written already."""


class WrongFarm(Refused):
    """The user lives on another farm: `farm_id` is its number."""

    farm_id: int | None = None


class UserMoving(Refused):
    """The user moves to another farm just now, and writes nothing until then."""


class UserUnknownHere(Refused):
    """This farm has not heard of the user: home's word is under way, or the user was erased."""


class NotHome(Refused):
    """Home writes this, and this database is a farm that is not home."""


# Rules that programs catch. A line here gives a rule its own class.
_BY_CONSTRAINT: dict[tuple[str, str, str], type[Error]] = {
    ("identity", "users", "users_email_key"): EmailTaken,
}

# A SQLSTATE, or the first two characters of a class of them.
_BY_SQLSTATE: dict[str, type[Error]] = {
    "08": Unreachable,
    "21": Invalid,
    "22": Invalid,
    "23001": StillReferenced,
    "23502": Missing,
    "23503": NotFound,
    "23505": Taken,
    "23514": Invalid,
    "23P01": Taken,
    "40001": Conflict,
    "40P01": Conflict,
    "42501": NotAllowed,
    "25006": NotAllowed,
    "25P02": ScopeBroken,
    "25P03": TimedOut,
    "44000": NotAllowed,
    "54": Invalid,
    "55P03": TimedOut,
    "57014": TimedOut,
    "57P01": Unreachable,
    "57P02": Unreachable,
    "57P03": Unreachable,
    "P0002": NotFound,
    "RS": Refused,
    "RS001": NotAnAdministrator,
    "RS002": BootstrapDone,
    "RS003": TokenRefused,
    "RS004": UserNotActive,
    "RS005": TransitionRefused,
    "RS006": NotAWorker,
    "RS007": QuotaExceeded,
    "RS008": LeaseLost,
    "RS009": SpecificationMissing,
    "RS010": WrongFarm,
    "RS011": LabelUnknown,
    "RS012": WorkerUnknown,
    "RS013": AssetInUse,
    "RS014": TakenTooLate,
    "RS015": UserMoving,
    "RS016": NotHome,
    "RS017": UserUnknownHere,
}

# The server's own words would quote a value here, or say less.
_SAID = {
    "21": "The values name the same row twice.",
    "22": "A value is not what its type takes.",
    "22001": "A text is too long.",
    "22003": "A number is too large or too small.",
    "22007": "A time is not written as one.",
    "22008": "A time is too far away.",
    "22015": "A length of time is too long.",
    "22021": "A text holds a character that the database cannot hold.",
    "22P02": "A value is not written as its type wants it.",
    "22P05": "A text holds a character that the database cannot hold.",
    "2201W": "A page has no negative size.",
    "2201X": "A page has no negative beginning.",
    "25006": "This transaction reads only.",
    "25P02": "An error before had ended this transaction: what comes after it does nothing.",
    "25P03": "This transaction did nothing for longer than its login allows, and the server ended it. What had not been committed is undone.",
    "40001": "Another transaction changed the same rows at the same time. Run this one again.",
    "40P01": "Two transactions waited for each other. Run this one again.",
    "54": "A value is too large.",
    "54001": "A value is nested too deep.",
    "55P03": "Another transaction held the row for longer than this one may wait.",
    "57014": "The statement took longer than it may, or somebody cancelled it.",
}
# A statement of ours, and the database knows no such table, column, function or type.
_LACKS_MIGRATIONS = {"3F000", "42703", "42704", "42883", "42P01"}
_ROLE = re.compile(r"renderstore_(?:app|auth|worker|admin|readonly)\b")
LOST = "The connection to the database was lost. What had not been committed is undone."
DEMOTED = (
    "The server is a standby by now, which takes no writes: nothing was saved."
    " The next scope looks for the primary, among all hosts that DATABASE_URL names."
)
_STILL_REFERENCED = "; still referenced:"


def translate(error: psycopg.Error) -> Exception:
    """The error of this package that says the same; the same error where there is none."""
    state = error.sqlstate
    if state is None:
        return Unreachable(LOST) if _is_lost(error) else error
    kind = _by_state(_BY_SQLSTATE, state)
    if kind is None:
        return error
    found = error.diag
    if kind is NotFound and _names_in(found.message_primary) > 2:
        kind = StillReferenced
    # A domain's rule names the domain, and no table.
    table = found.table_name or found.datatype_name
    place = (found.schema_name, table, found.constraint_name)
    if None not in place:
        named = _BY_CONSTRAINT.get((place[0] or "", place[1] or "", place[2] or ""))
        kind = named if named is not None and issubclass(named, kind) else kind
    raised = kind(
        LOST if kind is Unreachable else _sentence(kind, state, found, table or ""),
        schema=found.schema_name,
        table=table,
        constraint=found.constraint_name,
        sqlstate=state,
    )
    if isinstance(raised, WrongFarm):
        raised.farm_id = int(found.message_detail or 0)
    return raised


def unexpected(error: psycopg.Error) -> Error:
    """What it means that a statement of ours failed in a way that no value explains."""
    state = error.sqlstate or ""
    if state in _LACKS_MIGRATIONS:
        return _not_migrated(state)
    said = error.diag.message_primary or str(error)
    return Error(f"The database could not do this: {said}.", sqlstate=state)


def refused_binding(
    error: psycopg.Error, *, role: str, login: str, server_version: int
) -> Exception:
    """What it means that a scope could not be entered."""
    state = error.sqlstate or ""
    if state == "42501":
        # A token's scope enters a role that only the server's words name.
        named = _ROLE.search(error.diag.message_primary or "")
        role = named[0] if named else role
        grant = f'grant {role} to "{login}"'
        if server_version >= 160000:
            grant += " with inherit false, set true"
        return ScopeNotGranted(
            f'The login "{login}" may not enter this scope: it was not granted the role'
            f" {role}. A DBA types: {grant};",
            sqlstate=state,
        )
    # An unknown function, an unknown schema, an unknown role.
    if state in {"42883", "3F000", "22023", "42704"}:
        return _not_migrated(state)
    return translate(error)


def _not_migrated(state: str) -> NotMigrated:
    return NotMigrated(
        "The database lacks renderstore's migrations, or some of them:"
        f" run {hint('migrate')}.",
        sqlstate=state,
    )


def _by_state(found: Mapping[str, T], state: str) -> T | None:
    return found.get(state, found.get(state[:2]))


def _is_lost(error: psycopg.Error) -> bool:
    return isinstance(error, psycopg.OperationalError) and (
        error.pgconn is None or error.pgconn.status != psycopg.pq.ConnStatus.OK
    )


def _sentence(kind: type[Error], state: str, found: Diagnostic, table: str) -> str:
    """The comment's words, else the server's own first line, which holds names but no values."""
    fixed = _by_state(_SAID, state)
    if fixed is not None:
        return fixed
    schema = found.schema_name or ""
    if found.constraint_name is None or kind is Missing:
        said = _comments("COLUMNS").get((schema, table, found.column_name or ""))
        said = missing(said) if said else None
    else:
        said = _comments("CONSTRAINTS").get((schema, table, found.constraint_name))
    if said:
        parent, child = directions(said)
        said = child if child and issubclass(kind, StillReferenced) else parent
    return said or found.message_primary or kind.__name__


def missing(column: str) -> str:
    """The sentence for a column that must not be null, from its comment."""
    return f"A value is missing. {column}"


def directions(comment: str) -> tuple[str, str]:
    """A foreign key's two sentences, the missing parent's first; else the only one, and none."""
    parent, is_key, child = comment.partition(_STILL_REFERENCED)
    if not is_key:
        return comment, ""
    child = child.strip().rstrip(".")
    return f"{parent.rstrip('.')}.", f"{child[:1].upper()}{child[1:]}."


@cache
def _comments(which: str) -> dict[tuple[str, str, str], str]:
    found: dict[tuple[str, str, str], str] = getattr(
        import_module("renderstore._sentences"), which
    )
    return found


def _names_in(message: str | None) -> int:
    """How many quoted names a message holds, in any of PostgreSQL's languages.

    A foreign key raises one SQLSTATE, schema, table and constraint for a missing parent and for
    a parent that is still referenced, and its words are translated. But the first names a
    table and a constraint, the second another table too, in every language.
    """
    quotes = sum(message.count(quote) for quote in '"«»„“”「」') if message else 0
    return quotes // 2
