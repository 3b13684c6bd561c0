"""Secrets: third-party tokens are encrypted here before they reach the database, ours are hashed.

    sealed = encrypt(Secret(token), place=Place("identity.user_secrets", "plex_token_encrypted", user_id))
    token = decrypt(sealed, place=Place("identity.user_secrets", "plex_token_encrypted", user_id)).reveal()

Keys stand in RENDERSTORE_KEYS as `2026a:BASE64,2025b:BASE64`: the first encrypts, every one
decrypts. To change keys: put a new one in front everywhere, run `reencrypt` until it replaces
nothing, then take the old one away.
"""

from renderstore.secrets._hashing import hash_password, hash_token, verify_password
from renderstore.secrets._keys import VARIABLE, Keys, environment, generate_key
from renderstore.secrets._reencrypt import (
    PLEX_TOKENS,
    SEALED,
    SERVICE_API_KEYS,
    Column,
    Progress,
    reencrypt,
)
from renderstore.secrets._sealing import Place, decrypt, encrypt, key_id
from renderstore.secrets._secret import Secret

__all__ = [
    "PLEX_TOKENS",
    "SEALED",
    "SERVICE_API_KEYS",
    "VARIABLE",
    "Column",
    "Keys",
    "Place",
    "Progress",
    "Secret",
    "decrypt",
    "encrypt",
    "environment",
    "generate_key",
    "hash_password",
    "hash_token",
    "key_id",
    "reencrypt",
    "verify_password",
]
