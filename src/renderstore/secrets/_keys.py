"""Where keys come from, and what they must look like."""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from collections.abc import Callable

from renderstore.errors import KeyMalformed, KeysMissing
from renderstore.secrets._secret import Secret

VARIABLE = "RENDERSTORE_KEYS"
SIZE = 32
ID = re.compile(r"[A-Za-z0-9._-]{1,32}")

Keys = Callable[[], str]
"""Gives the keys as RENDERSTORE_KEYS has them: from a secret manager, for one. Asked every
time, so that a key that was added counts without a restart; it may remember what it gave."""

_FORM = f"{VARIABLE}=ID:BASE64,… with 32 bytes a key, such as `openssl rand -base64 32` prints"


def environment() -> str:
    """The keys in RENDERSTORE_KEYS."""
    return os.environ.get(VARIABLE, "")


def generate_key(id: str | None = None) -> Secret:
    """A new entry for RENDERSTORE_KEYS, `ID:BASE64`; without an id, under a random one."""
    name = "k" + secrets.token_hex(4) if id is None else id
    _check_id(name)
    return Secret(f"{name}:{base64.b64encode(secrets.token_bytes(SIZE)).decode()}")


class Keyring:
    """The keys by their ids, in their order. The repr names the ids only."""

    __slots__ = ("_keys",)

    def __init__(self, text: str) -> None:
        self._keys = _parse(text)

    def __repr__(self) -> str:
        return f"Keyring({self.ids})"

    @property
    def ids(self) -> str:
        """The ids as an error lists them."""
        return ", ".join(self._keys)

    @property
    def first(self) -> str:
        """The id of the key that encrypts."""
        return next(iter(self._keys))

    def get(self, id: str) -> bytes | None:
        """The key with this id."""
        return self._keys.get(id)


def _parse(text: str) -> dict[str, bytes]:
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    if not entries:
        raise KeysMissing(f"There are no keys to encrypt with: set {_FORM}.")
    keys: dict[str, bytes] = {}
    for number, entry in enumerate(entries, 1):
        # Nothing of an entry is quoted before its id is known to be one: it may be a bare key.
        name, colon, encoded = entry.partition(":")
        if not colon:
            raise KeyMalformed(f"Entry {number} of the keys has no id: set {_FORM}.")
        _check_id(name, f"Entry {number} of the keys")
        if name in keys:
            raise KeyMalformed(
                f"The key id {name!r} stands twice: each key needs an id of its own."
            )
        keys[name] = _decode(name, encoded)
    return keys


def _check_id(id: str, what: str = "A key") -> None:
    if not ID.fullmatch(id):
        raise KeyMalformed(
            f"{what} has an id that is none: 1 to 32 letters, digits, dots, dashes and"
            " underscores, such as 2026a."
        )


def _decode(id: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded.strip().translate(_URL_SAFE), validate=True)
    except (binascii.Error, ValueError):
        # Not as the cause: nothing that has seen the key is shown.
        raise KeyMalformed(f"The key {id!r} is not base64: set {_FORM}.") from None
    if len(key) != SIZE:
        raise KeyMalformed(
            f"The key {id!r} has {len(key)} bytes instead of {SIZE}: set {_FORM}."
        )
    return key


_URL_SAFE = str.maketrans("-_", "+/")
