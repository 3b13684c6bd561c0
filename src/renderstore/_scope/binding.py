"""How a transaction is told for whom it acts: the one place that holds these statements."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import LiteralString
from uuid import UUID

SERIALIZABLE = b"begin isolation level serializable"


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the database that binds a transaction, as both ways of sending it want it."""

    query: bytes
    text: LiteralString
    types: tuple[int, ...] = ()


# Not frozen: one is made for every scope, and a frozen one costs several times as much.
@dataclass(slots=True)
class Binding:
    """What a scope begins with. The repr holds no argument: one may be a secret."""

    role: str
    call: Call
    arguments: tuple[str | None, ...]
    begin: bytes = b"begin"
    asks: bool = (
        False  # it decides who may enter, so it is sent before anything is done
    )
    token: str | None = None  # the hash of the one that it checks
    may_lag: bool = False  # a replica may answer, too

    def __repr__(self) -> str:
        return f"Binding({self.role})"

    def reading(self) -> Binding:
        """The same for who only reads, wherever that is answered."""
        call = _READS.get(self.call, self.call)
        return replace(self, call=call, may_lag=self.begin is not SERIALIZABLE)

    def serializable(self) -> Binding:
        """The same in a serializable transaction, which no replica has."""
        return replace(self, begin=SERIALIZABLE, may_lag=False)

    @property
    def encoded(self) -> tuple[bytes | None, ...]:
        return tuple(None if a is None else a.encode() for a in self.arguments)


BIND = Call(b"select identity.bind($1, $2, $3)", "select identity.bind(%s, %s, %s)")
BIND_TOKEN = Call(
    b"select identity.bind_token($1, $2, $3)",
    "select identity.bind_token(%s, %s, %s)",
)

# Not `begin read only`: one statement of the vocabulary has no `begin`. First of all: who moves to another farm may read.
_FIRST = " from (select set_config('transaction_read_only', 'on', true) offset 0) as _"
_READS = {
    call: Call(call.query + _FIRST.encode(), call.text + _FIRST)
    for call in (BIND, BIND_TOKEN)
}

# A transaction of its own: who only reads writes nothing.
NOTE_USE: LiteralString = "select identity.note_token_use(%s)"

# A login or a database may write times in a way that psycopg does not read.
ISO = b"set datestyle = 'ISO'; set intervalstyle = 'postgres'"

# Whatever a caller's own SQL may have left on the session. Not `discard all`, which would
# drop the prepared statements that psycopg believes in.
CLEAN = (
    b"reset all; reset role; reset session authorization; unlisten *; close all;"
    b" discard temp; select pg_advisory_unlock_all()"
)


def bind(
    role: str,
    *,
    user_id: str | None = None,
    actor: str,
    asks: bool = False,
    may_lag: bool = False,
) -> Binding:
    """A scope's binding: role, user and actor, for the rest of the transaction."""
    return Binding(role, BIND, (role, user_id, actor), asks=asks, may_lag=may_lag)


def bind_token(
    token_hash: bytes, *, role: str | None = None, user_id: UUID | None = None
) -> Binding:
    """A token's binding: the database checks the token, then binds what it may."""
    who = None if user_id is None else str(user_id)
    # Which role it becomes is the database's to say; checking a token takes this one.
    token = rf"\x{token_hash.hex()}"
    return Binding(
        "renderstore_auth", BIND_TOKEN, (token, role, who), asks=True, token=token
    )
