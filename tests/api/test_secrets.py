"""Secrets stay secret, a ciphertext stays in its row, and a key that is wrong says so."""

from __future__ import annotations

import copy
import logging
import pickle
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import count
from uuid import UUID, uuid4

import pytest
from tests.factories import look, unique, users

from renderstore.errors import (
    Error,
    Invalid,
    KeyMalformed,
    KeysMissing,
    KeyUnknown,
    NotDecrypted,
)
from renderstore.identity import sign_in
from renderstore.secrets import (
    PLEX_TOKENS,
    VARIABLE,
    Place,
    Secret,
    decrypt,
    encrypt,
    environment,
    generate_key,
    hash_password,
    hash_token,
    key_id,
    reencrypt,
    verify_password,
)
from renderstore.store import SyncStore
from renderstore.testing import Database

OLD = generate_key("2025b").reveal()
NEW = generate_key("2026a").reveal()
PLACE = Place("identity.user_secrets", "plex_token_encrypted", uuid4())
TOKEN = "plex-token-that-nobody-sees"


def old() -> str:
    return OLD


def both() -> str:
    return f"{NEW}, {OLD}"


def new() -> str:
    return NEW


def sealed_by(keys: Callable[[], str], place: Place = PLACE) -> bytes:
    return encrypt(Secret(TOKEN), place=place, keys=keys)


def place_of(user_id: UUID) -> Place:
    return Place("identity.user_secrets", "plex_token_encrypted", user_id)


def user_with_token(database: Database, keys: Callable[[], str]) -> UUID:
    user_id = users.make(database, plex_id=unique())
    look(
        database,
        "insert into identity.user_secrets (user_id, plex_token_encrypted)"
        " values (%(id)s, %(sealed)s) returning user_id",
        sealed=sealed_by(keys, place_of(user_id)),
        id=user_id,
    )
    return user_id


def stored(database: Database, user_id: UUID) -> bytes:
    [(found,)] = look(
        database,
        "select plex_token_encrypted from identity.user_secrets where user_id = %(id)s",
        id=user_id,
    )
    return bytes(found)


# What is encrypted


@pytest.mark.parametrize("text", [TOKEN, "", "ß" * 10_000])
def test_a_secret_comes_back_as_it_was(text: str) -> None:
    sealed = encrypt(Secret(text), place=PLACE, keys=old)
    assert decrypt(sealed, place=PLACE, keys=old).reveal() == text


def test_a_sealed_value_does_not_hold_its_secret() -> None:
    assert TOKEN.encode() not in sealed_by(old)


def test_the_same_secret_never_looks_the_same() -> None:
    assert sealed_by(old) != sealed_by(old)


@pytest.mark.parametrize(
    "elsewhere",
    [
        Place("identity.user_secrets", "plex_token_encrypted", uuid4()),
        Place("identity.user_secrets", "password_hash", PLACE.row_id),
        Place("identity.accounts", "plex_token_encrypted", PLACE.row_id),
        Place("identity.usersp", "lex_token_encrypted", PLACE.row_id),
    ],
)
def test_a_value_that_was_copied_elsewhere_does_not_decrypt(elsewhere: Place) -> None:
    with pytest.raises(NotDecrypted, match="copied from another row"):
        decrypt(sealed_by(old), place=elsewhere, keys=old)


def test_a_value_changed_in_any_byte_does_not_decrypt() -> None:
    sealed = sealed_by(both)
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises((NotDecrypted, KeyUnknown)):
            decrypt(bytes(changed), place=PLACE, keys=both)


def test_a_value_cut_anywhere_does_not_decrypt() -> None:
    sealed = sealed_by(old)
    for end in range(len(sealed)):
        with pytest.raises(NotDecrypted):
            decrypt(sealed[:end], place=PLACE, keys=old)


def test_a_value_of_somebody_elses_is_told_apart() -> None:
    with pytest.raises(NotDecrypted, match=r"no value that renderstore\.secrets"):
        decrypt(b"just some bytes that lay there already", place=PLACE, keys=old)


# Keys


def test_the_first_key_encrypts_and_every_one_decrypts() -> None:
    assert key_id(sealed_by(both)) == "2026a"
    assert decrypt(sealed_by(old), place=PLACE, keys=both) == Secret(TOKEN)


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, both())
    assert decrypt(encrypt(Secret(TOKEN), place=PLACE), place=PLACE) == Secret(TOKEN)


def test_a_key_that_was_added_counts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, OLD)
    before = encrypt(Secret(TOKEN), place=PLACE, keys=environment)
    monkeypatch.setenv(VARIABLE, both())
    after = encrypt(Secret(TOKEN), place=PLACE, keys=environment)
    assert (key_id(before), key_id(after)) == ("2025b", "2026a")


def test_a_generated_key_can_be_used_as_it_is() -> None:
    key = generate_key()
    assert decrypt(sealed_by(key.reveal), place=PLACE, keys=key.reveal).reveal() == (
        TOKEN
    )


def test_no_two_generated_keys_are_the_same() -> None:
    assert generate_key("a") != generate_key("a")


@pytest.mark.parametrize("text", ["", " ", ",,"])
def test_missing_keys_say_what_to_set(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(KeysMissing, match=f"set {VARIABLE}=ID:BASE64"):
        encrypt(Secret(TOKEN), place=PLACE)


def test_an_unknown_key_is_named_with_those_that_are_there() -> None:
    with pytest.raises(KeyUnknown, match=r"'2025b'.*they are 2026a.*unharmed"):
        decrypt(sealed_by(old), place=PLACE, keys=new)


def test_another_key_under_the_same_id_is_named() -> None:
    other = generate_key("2025b").reveal
    with pytest.raises(NotDecrypted, match="key '2025b' does not open"):
        decrypt(sealed_by(old), place=PLACE, keys=other)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c2VjcmV0LWtleS1tYXRlcmlhbA==", "Entry 1 of the keys has no id"),
        (f"{OLD},c2VjcmV0LWtleS1tYXRlcmlhbA==", "Entry 2 of the keys has no id"),
        ("2026a:c2VjcmV0LWtleS1tYXRlcmlhbA==", "'2026a' has 19 bytes instead of 32"),
        ("2026a:c2VjcmV0LWtleS1tYXRlcmlhb!!", "'2026a' is not base64"),
        ("2026a:c2VjcmV0LWtleS1tYXRlcmlhbüü", "'2026a' is not base64"),
        ("2026 a:c2VjcmV0LWtleS1tYXRlcmlhbA==", "Entry 1 of the keys has an id"),
        (f":{OLD}", "Entry 1 of the keys has an id"),
        (f"{OLD},{OLD}", "'2025b' stands twice"),
    ],
    # The processes of a run must agree on names, and the keys are random.
    ids=[
        "no id",
        "no second id",
        "short",
        "not base64",
        "not ascii",
        "id with a space",
        "empty id",
        "twice",
    ],
)
def test_a_malformed_key_is_refused_without_being_shown(
    text: str, message: str
) -> None:
    with pytest.raises(KeyMalformed, match=message) as refused:
        sealed_by(lambda: text)
    assert "c2VjcmV0" not in str(refused.value)
    assert OLD.partition(":")[2] not in str(refused.value)
    assert refused.value.__cause__ is None


# What shows nothing


@dataclass
class Holder:
    secret: Secret


def in_a_list(secret: Secret) -> str:
    return repr([secret])


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{:>60}".format, in_a_list])
def test_a_secret_does_not_show_itself(show: Callable[[Secret], str]) -> None:
    assert TOKEN not in show(Secret(TOKEN))


def test_a_secret_in_a_dataclass_does_not_show_itself() -> None:
    holder = Holder(Secret(TOKEN))
    assert TOKEN not in repr(holder) + repr(asdict(holder)) + repr(copy.copy(holder))


def test_a_secret_does_not_reach_the_log(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").error("%s %r", Secret(TOKEN), Secret(TOKEN))
    assert TOKEN not in caplog.text
    assert "Secret(…)" in caplog.text


def test_a_secret_is_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(TOKEN))


def test_secrets_are_equal_when_their_texts_are() -> None:
    assert Secret(TOKEN) == Secret(TOKEN)
    assert Secret(TOKEN) != Secret(TOKEN + "x")
    assert Secret(TOKEN) != TOKEN


# What is hashed


def test_a_token_is_stored_as_its_sha_256() -> None:
    expected = sha256(b"rs_token").digest()
    assert hash_token("rs_token") == hash_token(Secret("rs_token")) == expected


def test_a_password_is_verified_and_another_is_not() -> None:
    hashed = hash_password("correct horse")
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert verify_password(Secret("correct horse"), hashed)
    assert not verify_password("correct horsf", hashed)


def test_a_password_is_the_same_however_its_accents_are_composed() -> None:
    assert verify_password("cafe\u0301", hash_password("caf\u00e9"))


def test_nobodys_password_is_never_right() -> None:
    assert not verify_password("", None)
    assert not verify_password("renderstorenone", None)


def test_no_two_hashes_of_a_password_are_the_same() -> None:
    assert hash_password("same") != hash_password("same")


def test_the_database_takes_a_password_only_as_such_a_hash(
    database: Database, store: SyncStore
) -> None:
    with pytest.raises(Invalid, match="argon2id hash in PHC form"):
        store.auth().run(
            sign_in.create_bootstrap_admin,
            email="root@example.org",
            password_hash="correct horse",
        )
    store.auth().run(
        sign_in.create_bootstrap_admin,
        email="root@example.org",
        password_hash=hash_password("correct horse"),
    )
    found = store.auth().run(sign_in.find_password, email="ROOT@example.org")
    assert found is not None
    assert verify_password("correct horse", found.password_hash)
    assert found.is_password_change_due
    assert "argon2id" not in repr(found)


# A change of keys


def test_reencryption_puts_every_value_under_the_first_key(
    database: Database, store: SyncStore
) -> None:
    ids = [user_with_token(database, old) for _ in range(5)]
    users.make(database, plex_id=unique())
    progress = list(reencrypt(store, keys=both, batch=2))
    assert [each.seen for each in progress] == [2, 4, 5]
    assert progress[-1].replaced == 5
    for user_id in ids:
        found = decrypt(stored(database, user_id), place=place_of(user_id), keys=new)
        assert found == Secret(TOKEN)


def test_reencryption_run_again_replaces_nothing(
    database: Database, store: SyncStore
) -> None:
    user_id = user_with_token(database, old)
    list(reencrypt(store, keys=both))
    before = stored(database, user_id)
    assert [each.replaced for each in reencrypt(store, keys=both)] == [0]
    assert stored(database, user_id) == before


def test_reencryption_that_was_stopped_goes_on_where_it_was(
    database: Database, store: SyncStore
) -> None:
    ids = sorted(user_with_token(database, old) for _ in range(4))
    first = next(reencrypt(store, column=PLEX_TOKENS, keys=both, batch=2))
    assert first.last_id == ids[1]
    [rest] = reencrypt(store, column=PLEX_TOKENS, keys=both, after_id=first.last_id)
    assert (first.replaced, rest.replaced) == (2, 2)
    assert {key_id(stored(database, each)) for each in ids} == {"2026a"}


def test_reencryption_keeps_what_another_program_wrote_meanwhile(
    database: Database, store: SyncStore
) -> None:
    user_id = user_with_token(database, old)
    fresh = encrypt(Secret("fresh"), place=place_of(user_id), keys=both)
    asked = count(1)

    def keys() -> str:
        # The second question comes once the page was read.
        if next(asked) == 2:
            store.auth().run(
                sign_in.set_plex_token, id=user_id, plex_token_encrypted=fresh
            )
        return both()

    [progress] = reencrypt(store, keys=keys)
    assert (progress.replaced, progress.changed_meanwhile) == (0, 1)
    assert stored(database, user_id) == fresh


def test_reencryption_loses_no_value_that_it_cannot_read(
    database: Database, store: SyncStore
) -> None:
    lost = user_with_token(database, generate_key("2019z").reveal)
    kept = user_with_token(database, old)
    before = stored(database, lost)
    running = reencrypt(store, keys=both)
    progress = next(running)
    assert (progress.replaced, progress.failed) == (1, 1)
    with pytest.raises(KeyUnknown, match="2019z"):
        next(running)
    assert stored(database, lost) == before
    assert key_id(stored(database, kept)) == "2026a"


def test_reencryption_without_keys_touches_nothing(
    database: Database, store: SyncStore
) -> None:
    user_id = user_with_token(database, old)
    before = stored(database, user_id)
    with pytest.raises(KeysMissing):
        list(reencrypt(store, keys=str))
    assert stored(database, user_id) == before


def test_no_error_shows_a_secret(database: Database, store: SyncStore) -> None:
    wrong = generate_key("2025b").reveal
    user_id = user_with_token(database, old)
    with pytest.raises(Error) as raised:
        list(reencrypt(store, keys=wrong))
    told = repr(raised.value) + str(raised.value) + repr(raised.value.__cause__)
    assert str(user_id) in told
    assert TOKEN not in told
    assert wrong().partition(":")[2] not in told
