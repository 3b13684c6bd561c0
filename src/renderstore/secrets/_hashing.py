"""What is kept only as a hash: tokens of ours, and the first administrator's password."""

from __future__ import annotations

import hashlib
import os
import unicodedata

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from renderstore.secrets._secret import Secret

# RFC 9106's second recommendation: 64 MiB, three passes, four lanes.
_MEMORY_KIB = 65536
_PASSES = 3
_LANES = 4


def hash_token(secret: str | Secret) -> bytes:
    """The SHA-256 under which a token is stored. A slow hash protects what people think up; a token is random."""
    return hashlib.sha256(_text(secret).encode("utf-8", "surrogatepass")).digest()


def hash_password(password: str | Secret) -> str:
    """An argon2id hash in PHC form, as identity.users.password_hash takes it."""
    hashing = Argon2id(
        salt=os.urandom(16),
        length=32,
        iterations=_PASSES,
        lanes=_LANES,
        memory_cost=_MEMORY_KIB,
    )
    return hashing.derive_phc_encoded(_typed(password))


def verify_password(password: str | Secret, password_hash: str | None) -> bool:
    """Whether this is the password. Without a hash it is not, and to find out takes as long."""
    try:
        Argon2id.verify_phc_encoded(_typed(password), password_hash or _NOBODYS)
    except InvalidKey:
        return False
    return password_hash is not None


def _text(secret: str | Secret) -> str:
    return secret.reveal() if isinstance(secret, Secret) else secret


def _typed(password: str | Secret) -> bytes:
    """The same bytes whichever way a keyboard composes its accents."""
    return unicodedata.normalize("NFKC", _text(password)).encode(
        "utf-8", "surrogatepass"
    )


# A hash of nothing that anybody knows, with the parameters above.
_NOBODYS = (
    f"$argon2id$v=19$m={_MEMORY_KIB},t={_PASSES},p={_LANES}"
    "$cmVuZGVyc3RvcmVub25l$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
