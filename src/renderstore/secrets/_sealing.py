"""Authenticated encryption of one value, bound to the row that it stands in.

AES-256-GCM-SIV (RFC 8452). Several processes share a key for years and draw nonces at
random: a nonce that repeats breaks plain GCM, whose uses of a key must therefore be counted; with
SIV it tells no more than whether two values were equal. It asks
for OpenSSL 3.2, as argon2id does.

A sealed value: version, length of the key's id, the id, nonce (12 bytes), ciphertext, tag (16).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from renderstore.errors import KeyUnknown, Misconfigured, NotDecrypted
from renderstore.secrets._keys import ID, VARIABLE, Keyring, Keys, environment
from renderstore.secrets._secret import Secret

_VERSION = 1
_NONCE = 12
_TAG = 16


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands. A ciphertext copied to another place does not decrypt there."""

    table: str
    column: str
    row_id: UUID | str

    def __str__(self) -> str:
        return f"{self.table}.{self.column} of row {self.row_id}"


def encrypt(secret: Secret, *, place: Place, keys: Keys = environment) -> bytes:
    """The secret, sealed with the first key for this place."""
    ring = Keyring(keys())
    name = ring.first.encode()
    header = bytes((_VERSION, len(name))) + name
    nonce = os.urandom(_NONCE)
    text = secret.reveal().encode()
    return (
        header
        + nonce
        + _cipher(ring, ring.first).encrypt(nonce, text, _bound(header, place))
    )


def decrypt(sealed: bytes, *, place: Place, keys: Keys = environment) -> Secret:
    """The secret that was sealed for this place; an error that names the key where it cannot be had."""
    header, nonce, content = _split(sealed, place)
    name = header[2:].decode()
    ring = Keyring(keys())
    if ring.get(name) is None:
        raise KeyUnknown(
            f"The value in {place} was encrypted with the key {name!r}, which the keys lack"
            f" (they are {ring.ids}). The value is unharmed: add {name!r} to {VARIABLE} again."
        )
    try:
        text = _cipher(ring, name).decrypt(nonce, content, _bound(header, place))
    except InvalidTag as error:
        raise NotDecrypted(
            f"The key {name!r} does not open the value in {place}: either another key stands"
            f" under this id in {VARIABLE}, or the value was changed or copied from another"
            " row. The value is left as it is."
        ) from error
    return Secret(text.decode())


def key_id(sealed: bytes) -> str:
    """The id of the key that a value was sealed with."""
    return _split(sealed, None)[0][2:].decode()


def _cipher(ring: Keyring, id: str) -> AESGCMSIV:
    key = ring.get(id)
    assert key is not None
    try:
        return AESGCMSIV(key)
    except UnsupportedAlgorithm as error:
        raise Misconfigured(
            "This build of cryptography lacks AES-GCM-SIV: it needs OpenSSL 3.2 or later,"
            " as the wheels on PyPI have."
        ) from error


def _split(sealed: bytes, place: Place | None) -> tuple[bytes, bytes, bytes]:
    """Header, nonce, and ciphertext with its tag."""
    start = 2 + (sealed[1] if len(sealed) > 1 else 0)
    if (
        len(sealed) < start + _NONCE + _TAG
        or sealed[0] != _VERSION
        or not ID.fullmatch(sealed[2:start].decode("ascii", "replace"))
    ):
        where = "This" if place is None else f"What stands in {place}"
        raise NotDecrypted(f"{where} is no value that renderstore.secrets encrypted.")
    return sealed[:start], sealed[start : start + _NONCE], sealed[start + _NONCE :]


def _bound(header: bytes, place: Place) -> bytes:
    """What is authenticated beside the secret. Lengths go ahead, so that no two places read alike."""
    parts = [part.encode() for part in (place.table, place.column, str(place.row_id))]
    return b"".join(
        len(part).to_bytes(4, "big") + part for part in (b"renderstore", header, *parts)
    )
