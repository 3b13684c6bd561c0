"""A change of keys: every stored value is sealed again with the first one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from psycopg import Connection

from renderstore.errors import KeyUnknown, Misconfigured, NotDecrypted
from renderstore.identity import sign_in
from renderstore.ops import services
from renderstore.secrets._keys import Keyring, Keys, environment
from renderstore.secrets._sealing import Place, decrypt, encrypt, key_id

Key: TypeAlias = Any
"""A row's id: a UUID, or a short name."""


class Store(Protocol):
    """What this needs of a store, which itself hashes tokens with what stands beside this."""

    def auth(self) -> AbstractContextManager[Connection[Any]]: ...

    def worker(self, name: str) -> AbstractContextManager[Connection[Any]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of encrypted values, read in pages and changed by compare-and-set."""

    table: str
    name: str
    page: Callable[[Connection[object], Key | None, int], Sequence[tuple[Key, bytes]]]
    """The ids and values after this id, at most so many, in the order of their ids."""
    replace: Callable[[Connection[object], Key, bytes, bytes], int]
    """Puts the new value in the place of the old one, unless it has changed since."""
    enter: Callable[[Store], AbstractContextManager[Connection[Any]]] = lambda store: (
        store.auth()
    )
    """The scope that may do both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a change of keys has come."""

    seen: int
    replaced: int
    changed_meanwhile: int
    """Another program wrote the value at the same time; its own is kept."""
    failed: int
    """Values that no key opens; they are left as they are, and the end raises the first one's error."""
    last_id: UUID | str | None
    """Where to go on: the `after_id` of the next call."""


def reencrypt(
    store: Store,
    *,
    column: Column | None = None,
    keys: Keys = environment,
    after_id: UUID | str | None = None,
    batch: int = 100,
) -> Generator[Progress]:
    """Seal a column's values again with the first key, a short transaction a batch, and say so after each.

    Safe while others write, and to stop and run again at any time. A writer that did not
    know the new key yet may have used an old one: run it until it replaces nothing, and only
    then take the old key away. Without a column, every one of SEALED.
    """
    if column is None:
        if after_id is not None:
            raise Misconfigured(
                "Where to go on is a row of one column: name the column."
            )
        yield from _each(store, keys, batch)
        return
    seen = replaced = changed = failed = 0
    first_failure: KeyUnknown | NotDecrypted | None = None
    current = Keyring(keys()).first
    while True:
        with column.enter(store) as conn:
            rows = column.page(conn, after_id, batch)
            for row_id, old in rows:
                place = Place(column.table, column.name, row_id)
                try:
                    new = _resealed(old, place, keys, current)
                except (KeyUnknown, NotDecrypted) as error:
                    failed += 1
                    first_failure = first_failure or error
                    continue
                if new is not None:
                    count = column.replace(conn, row_id, old, new)
                    replaced += count
                    changed += 1 - count
        if rows:
            seen += len(rows)
            after_id = rows[-1][0]
            yield Progress(
                seen=seen,
                replaced=replaced,
                changed_meanwhile=changed,
                failed=failed,
                last_id=after_id,
            )
        if len(rows) < batch:
            break
    if first_failure is not None:
        raise first_failure


def _each(store: Store, keys: Keys, batch: int) -> Generator[Progress]:
    """One column after the other, counted together; a value that no key opens stops none of them."""
    done = Progress(seen=0, replaced=0, changed_meanwhile=0, failed=0, last_id=None)
    first_failure: KeyUnknown | NotDecrypted | None = None
    for column in SEALED:
        so_far = done
        try:
            for each in reencrypt(store, column=column, keys=keys, batch=batch):
                done = Progress(
                    seen=so_far.seen + each.seen,
                    replaced=so_far.replaced + each.replaced,
                    changed_meanwhile=so_far.changed_meanwhile + each.changed_meanwhile,
                    failed=so_far.failed + each.failed,
                    last_id=each.last_id,
                )
                yield done
        except (KeyUnknown, NotDecrypted) as error:
            first_failure = first_failure or error
    if first_failure is not None:
        raise first_failure


def _resealed(old: bytes, place: Place, keys: Keys, current: str) -> bytes | None:
    """The value under the current key; none where it is that already."""
    secret = decrypt(old, place=place, keys=keys)
    return None if key_id(old) == current else encrypt(secret, place=place, keys=keys)


def _plex_tokens(
    conn: Connection[object], after_id: UUID | None, page_size: int
) -> Sequence[tuple[UUID, bytes]]:
    found = sign_in.list_plex_tokens(conn, after_id=after_id, page_size=page_size)
    return [(row.id, row.plex_token_encrypted) for row in found]


def _replace_plex_token(
    conn: Connection[object], id: UUID, old: bytes, new: bytes
) -> int:
    return sign_in.replace_plex_token(conn, id=id, old=old, new=new)


PLEX_TOKENS = Column(
    table="identity.user_secrets",
    name="plex_token_encrypted",
    page=_plex_tokens,
    replace=_replace_plex_token,
)


def _api_keys(
    conn: Connection[object], after_id: str | None, page_size: int
) -> Sequence[tuple[str, bytes]]:
    found = services.list_sealed_api_keys(conn, after_id=after_id, page_size=page_size)
    return [(row.service_id, row.api_key_sealed) for row in found]


def _replace_api_key(conn: Connection[object], id: str, old: bytes, new: bytes) -> int:
    return services.replace_sealed_api_key(conn, id=id, old=old, new=new)


SERVICE_API_KEYS = Column(
    table="ops.service_secrets",
    name="api_key_sealed",
    page=_api_keys,
    replace=_replace_api_key,
    enter=lambda store: store.worker("reencrypt"),
)

SEALED = (PLEX_TOKENS, SERVICE_API_KEYS)
"""Every column that the application seals."""
