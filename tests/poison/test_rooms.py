"""The same for the other rooms: what a tenant sends is refused in a sentence, or read back by every client.

What becomes of a value is kept as it stands, since the next one may replace it. What a door is called with beside the
value is what the strangers' test calls it with.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import psycopg
from tests import factories
from tests.concurrency.estates import HOLDS, LIVE, ME, NOTHING, settled

from renderstore.media import downloads
from renderstore.store import SyncScope, SyncStore
from renderstore.studio import steps
from renderstore.testing import Database
from renderstore.work import jobs

from .places import Place, columns, is_taken, parameters
from .reading import read_alike
from .values import FIXED, values

VALUES = 20_000 if os.environ.get("RENDERSTORE_PROVE") else 1
ROOMS = ["identity", "media", "ops", "studio"]
WORDS = {"text", "json", "jsonb", "timestamp with time zone"}
# Another owner is refused by a policy.
WALLED = {
    "identity.api_tokens",
    "identity.issue_api_token",
    "studio.animations",
    "studio.characters",
}
NEW = "gen_random_uuid()::text"
MY_FOX = "(select id from studio.characters limit 1)"

INSERTS: Mapping[str, Mapping[str, str]] = {
    "identity.api_tokens": {
        "name": NEW,
        "user_id": ME,
        "for_user_id": ME,
        "prefix": f"'rs_' || left({NEW}, 8)",
        "token_hash": f"sha256({NEW}::bytea)",
        "roles": "'{user}'",
    },
    "media.downloads": {"playlist_url": "'https://example.org/list'"},
    "studio.animations": {"user_id": ME, "character_id": MY_FOX, "name": NEW},
    "studio.characters": {"user_id": ME, "project_id": LIVE, "name": NEW},
    "studio.steps": {"project_id": LIVE, "step": "'other'"},
}
# What may be there once.
UNIQUE: Mapping[str, Mapping[str, str]] = {
    "identity.issue_api_token": {"name": NEW},
    "studio.create_preset": {"name": NEW},
    "studio.import_aseprite": {"name": NEW},
    "studio.keep_asset": {"id": "(select id from studio.begin_asset('image', 100))"},
}

# A copy of each table as a tenant sees it, and a function that copies what has changed since.
KEEPING = """
create schema seen;
grant usage on schema seen to renderstore_app;
do $$
declare
    seen record;
begin
    for seen in
        select c.oid::regclass::text as name, 'seen.' || quote_ident(c.oid::regclass::text) as copy,
            string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns
        from pg_class as c
        join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relkind = 'r'
            and c.relnamespace::regnamespace::text = any('{rooms}')
            and has_column_privilege('renderstore_app', c.oid, a.attnum, 'select')
        group by 1
    loop
        execute format('create table %s as select %s from %s limit 0', seen.copy, seen.columns, seen.name);
        execute format('grant select on %s to renderstore_app', seen.copy);
    end loop;
end
$$;
create function seen.keep(since bigint) returns void
language plpgsql
security definer
as $$
declare
    seen record;
begin
    for seen in
        select c.oid::regclass::text as copy, c.relname,
            string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns
        from pg_class as c
        join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
        where c.relnamespace = 'seen'::regnamespace and c.relkind = 'r'
        group by c.oid
    loop
        execute format(
            'insert into %s select %s from %s where xmin::text::bigint >= %s',
            seen.copy, seen.columns, seen.relname, since
        );
    end loop;
end
$$
"""
COPIES = """
select oid::regclass::text
from pg_class
where relnamespace = 'seen'::regnamespace and relkind = 'r'
"""


def arguments(call: str, names: Sequence[str]) -> dict[str, str]:
    """What a call gives, by name."""
    inner = call.partition("(")[2].removesuffix(")")
    words, deep, is_quoted = [""], 0, False
    for letter in inner:
        is_quoted ^= letter == "'"
        deep += 0 if is_quoted else (letter in "([") - (letter in ")]")
        if letter == "," and not deep and not is_quoted:
            words.append("")
        else:
            words[-1] += letter
    given: dict[str, str] = {}
    for name, word in zip(names, words, strict=False):
        named, is_named, value = word.partition(" => ")
        given[named.strip() if is_named else name] = value if is_named else word
    return given if inner else {}


def places(conn: psycopg.Connection[Any]) -> list[Place]:
    """Where a tenant's words come in."""
    found: list[Place] = []
    doors: dict[str, list[tuple[str, str]]] = {}
    for door, name, kind in parameters(conn, ROOMS):
        doors.setdefault(door, []).append((name, kind))
    for door in doors.keys() - NOTHING:
        plain = arguments(HOLDS[door][0], [name for name, _ in doors[door]])
        plain |= UNIQUE.get(door, {})
        found += [Place(door, *each, "call", plain) for each in doors[door]]
    found += [
        Place(*each, "insert", INSERTS[each[0]])
        for each in columns(conn, ROOMS, "insert")
    ]
    found += [Place(*each, "update", {}) for each in columns(conn, ROOMS, "update")]
    return sorted(found, key=lambda place: (place.door, place.name, place.how))


def sent(
    database: Database, who: UUID, places: Iterable[Place], count: int
) -> Iterator[Place]:
    """Each place as often as it took a value, of so many or of all known ones; what became of each is kept."""
    with factories.acting(database, "app", who) as conn:
        for place in places:
            kind = place.type.removesuffix("[]")
            known = len(FIXED.get(kind, ()))
            for text in islice(values(kind, Random(1)), max(count, known)):
                row = conn.execute(
                    "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
                ).fetchone()
                if is_taken(conn, place, text, WALLED):
                    yield place
                    # Some doors leave another role behind.
                    conn.execute(
                        "select identity.bind('renderstore_app', %s, '')", [who]
                    )
                    conn.execute("select seen.keep(%s)", row)


def drain(worker: SyncScope, claim: Any) -> None:
    """Every worker decodes what it is handed."""
    while claimed := worker.run(claim, limit=100):
        for job in claimed:
            worker.run(
                jobs.fail,
                user_id=job.user_id,
                id=job.id,
                attempt=job.attempt,
                error_class="invalid",
            )


def test_what_a_tenant_sends_is_refused_in_a_sentence_or_read_by_every_client(
    database: Database, store: SyncStore, tmp_path: Path
) -> None:
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(KEEPING.replace("{rooms}", "{" + ",".join(ROOMS) + "}").encode())
        found = places(conn)
    doors = [list(each) for _, each in groupby(found, lambda place: place.door)]
    tenants = settled(database, len(doors))
    taken = {
        place.door
        for who, each in zip(tenants, doors, strict=True)
        for place in sent(database, who, each, -(-VALUES // len(found)))
    }
    # Ids of others' rows are refused everywhere.
    speaks = {place.door for place in found if place.type.strip("[]") in WORDS}
    # Of a failed file's classes there is one.
    assert speaks - taken == {"media.retry_failed"}
    worker = factories.registered(store, "mac-1", labels=["gpu", "fresh"])
    drain(worker, downloads.claim)
    drain(worker, steps.claim)
    read_alike(
        database,
        tenants[0],
        [name for (name,) in factories.look(database, COPIES)],
        tmp_path,
    )
