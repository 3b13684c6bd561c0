"""What the trail keeps of what people do, who reads it, and that nobody's secrets or words are in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner
from tests import factories
from tests.api.farm import ask
from tests.factories import look, registered, users

from renderstore import media, ops, render, studio, work
from renderstore.audit import Operation, entries
from renderstore.audit.entries import Entry
from renderstore.cli import cli
from renderstore.errors import NotFound
from renderstore.identity import api_tokens, macos_accounts, plans
from renderstore.identity import users as people
from renderstore.identity.enums import TokenRole, UserRole
from renderstore.media import MediaType
from renderstore.store import SyncStore
from renderstore.testing import Database

NOBODY = UUID(int=0)


@dataclass
class House:
    """A user, an administrator, and what the trail says since the last look."""

    store: SyncStore
    user_id: UUID
    seen: int = 0

    def latest(self) -> list[Entry]:
        with self.store.readonly() as conn:
            found = [
                row
                for row in entries.list_by_time(conn, page_size=1000)
                if row.id > self.seen
            ]
        self.seen = max([self.seen, *(row.id for row in found)])
        return sorted(found, key=lambda row: row.id)

    def said(
        self,
    ) -> list[tuple[str, str, dict[str, Any] | None, dict[str, Any] | None]]:
        return [
            (row.table_name, str(row.operation), row.before, row.after)  # type: ignore[misc]
            for row in self.latest()
        ]


@pytest.fixture
def house(database: Database, store: SyncStore) -> House:
    house = House(store, users.make(database))
    house.latest()
    return house


def test_what_people_do_to_projects_is_kept(house: House) -> None:
    me = house.store.user(house.user_id)
    made = me.run(studio.projects.create, title="The fox", source_text="Once.")
    [entry] = house.latest()
    assert (entry.table_name, entry.row_key) == ("studio.projects", str(made.id))
    assert entry.operation is Operation.INSERT
    assert (entry.user_id, entry.bound_user_id) == (house.user_id, house.user_id)
    assert entry.actor == f"user:{house.user_id}"
    assert entry.login == house.store.settings.user
    assert {"title", "source_text", "status"} <= {*entry.changed}
    assert isinstance(entry.after, dict)
    assert "title" not in entry.after
    assert entry.after["source_text"] == {
        "length": 5,
        "sha256": sha256(b"Once.").hexdigest(),
    }

    me.run(
        studio.projects.update,
        id=made.id,
        title="The wolf",
        source_text="Once.",
        config={},
    )
    [entry] = house.latest()
    assert (entry.changed, entry.before, entry.after) == (["title"], {}, {})
    me.run(studio.projects.delete, id=made.id)
    me.run(studio.projects.restore, id=made.id)
    deleted, restored = house.latest()
    assert deleted.changed == restored.changed == ["deleted_at"]
    assert isinstance(deleted.before, dict)
    assert isinstance(restored.after, dict)
    assert deleted.before["deleted_at"] is restored.after["deleted_at"] is None


def test_what_people_ask_of_jobs_is_kept_and_what_workers_do_is_not(
    house: House,
) -> None:
    me = house.store.user(house.user_id)
    job = me.run(render.jobs.submit, template_path="/a.aep", output_path="/b.mov")
    worker = registered(house.store, "mac-1")
    with worker as conn:
        [held] = render.jobs.claim(conn, limit=1)
    assert house.said() == []
    me.run(work.jobs.cancel, id=job.id)
    me.run(work.jobs.cancel, id=job.id)
    assert house.said() == [
        ("work.jobs", "cancel", {"status": "running"}, {"status": "running"})
    ]
    with worker as conn:
        work.jobs.stop(conn, user_id=held.user_id, id=held.id, attempt=held.attempt)
    me.run(work.jobs.try_again, id=job.id)
    me.run(work.jobs.set_priority, id=job.id, priority=3)
    me.run(work.jobs.set_priority, id=job.id, priority=3)
    me.run(work.jobs.cancel, id=job.id)
    me.run(work.jobs.delete, id=job.id)
    assert house.said() == [
        ("work.jobs", "try_again", {"status": "cancelled"}, {"status": "queued"}),
        ("work.jobs", "set_priority", {"priority": 5}, {"priority": 3}),
        ("work.jobs", "cancel", {"status": "queued"}, {"status": "cancelled"}),
        ("work.jobs", "delete", {"status": "cancelled"}, None),
    ]


def test_what_administrators_decide_is_kept(house: House) -> None:
    admin = house.store.admin(reason="tests")
    me = house.store.user(house.user_id)
    admin.run(people.set_role, id=house.user_id, role=UserRole.ADMIN)
    admin.run(people.suspend, id=house.user_id)
    admin.run(people.reactivate, id=house.user_id)
    found = house.latest()
    assert [(row.user_id, row.changed) for row in found] == [
        (house.user_id, ["role"]),
        (house.user_id, ["status"]),
        (house.user_id, ["status"]),
    ]
    assert (found[0].before, found[0].after) == ({"role": "user"}, {"role": "admin"})
    assert all(row.actor.startswith("admin:") or "tests" in row.actor for row in found)

    admin.run(work.pauses.pause, label="gpu", reason="heat")
    admin.run(work.pauses.pause_user, user_id=house.user_id)
    admin.run(work.pauses.resume_user, user_id=house.user_id)
    admin.run(work.pauses.resume, label="gpu")
    admin.run(ops.services.set_url, id="plex", url="http://plex:32400")
    admin.run(ops.limits.set, endpoint="submit", max_requests=10, window_s=60)
    found = house.latest()
    assert [(row.table_name, str(row.operation), row.row_key) for row in found] == [
        ("work.pauses", "insert", "gpu"),
        ("work.user_pauses", "insert", str(house.user_id)),
        ("work.user_pauses", "delete", str(house.user_id)),
        ("work.pauses", "delete", "gpu"),
        ("ops.services", "update", "plex"),
        ("ops.limits", "insert", "submit"),
    ]
    assert {row.user_id for row in found} == {NOBODY, house.user_id}

    me.run(media.requests.submit, title="Heat", media_type=MediaType.MOVIE, tmdb_id=949)
    [request] = me.run(media.requests.list, page_size=1)
    admin.run(
        media.requests.approve, user_id=house.user_id, id=request.id, reason="yes"
    )
    assert [(row[0], row[1]) for row in house.said()] == [
        ("media.requests", "insert"),
        ("media.requests", "update"),
    ]
    admin.run(plans.delete, id=admin.run(plans.create, id="big", name="Big").id)
    assert [row[1] for row in house.said()] == ["insert", "delete"]


def test_tokens_issued_and_revoked_are_kept_without_their_secrets(house: House) -> None:
    me = house.store.user(house.user_id)
    issued = me.run(
        api_tokens.issue, name="laptop", roles=[TokenRole.USER], user_id=house.user_id
    )
    with house.store.token(issued.secret) as conn:
        studio.projects.list(conn, page_size=1)
    me.run(api_tokens.revoke, id=issued.id)
    made, revoked = house.latest()
    assert (str(made.operation), revoked.changed) == ("insert", ["revoked_at"])
    assert made.row_key == revoked.row_key == str(issued.id)
    assert issued.secret not in f"{made}{revoked}"
    assert "laptop" not in f"{made}{revoked}"


def test_each_reads_the_own_and_administrators_all(
    database: Database, house: House
) -> None:
    other = users.make(database)
    house.store.user(other).run(studio.projects.create, title="Theirs")
    mine = house.store.user(house.user_id).run(studio.projects.create, title="Mine")
    with house.store.user(house.user_id) as conn:
        own = entries.list(conn, page_size=100)
        assert {row.user_id for row in own} == {house.user_id}
        assert entries.list_by_user(conn, user_id=other, page_size=100) == []
        assert entries.list_by_user(conn, user_id=NOBODY, page_size=100) == []
        assert entries.list_by_actor(conn, actor=f"user:{other}", page_size=9) == []
    with house.store.admin(reason="looks") as conn:
        [row] = entries.list_by_row(
            conn, table_name="studio.projects", row_key=str(mine.id), page_size=10
        )
        assert row.actor == f"user:{house.user_id}"
        [row] = entries.list_by_actor(conn, actor=f"user:{other}", page_size=10)
        assert row.user_id == other
        assert (
            entries.list_by_time(
                conn, since=datetime.now(UTC) + timedelta(hours=1), page_size=10
            )
            == []
        )
        every = entries.list_by_time(conn, page_size=1000)
        pages: list[Entry] = []
        at, before_id = None, None
        while page := entries.list_by_time(
            conn, before_at=at, before_id=before_id, page_size=2
        ):
            pages += page
            at, before_id = page[-1].happened_at, page[-1].id
        assert pages == every
        first = entries.list_by_user(conn, user_id=house.user_id, page_size=1)
        rest = entries.list_by_user(
            conn, user_id=house.user_id, before_id=first[0].id, page_size=100
        )
        assert [*first, *rest] == own
    for role in ("worker", "auth"):
        with (
            factories.acting(database, role, actor="worker:x") as plain,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            plain.execute("select from audit.entries")


MARK = "zqzq"
# Rows by the thousand, whose every word is marked.
FUZZ = f"""
create function pg_temp.word(n bigint) returns text language sql as $$
    select '{MARK}' || md5(n::text || random()::text)
$$;
insert into identity.users (email, name, image, slack_id, plex_id, plex_username)
select pg_temp.word(n) || '@example.org', pg_temp.word(n), 'https://' || pg_temp.word(n),
    'U0{MARK.upper()}' || n, 7000000 + n, pg_temp.word(n)
from generate_series(1, 1000) as n;
create temporary table person as
select id, row_number() over () as n from identity.users where email like '{MARK}%';
insert into identity.user_secrets (user_id, plex_token_encrypted)
select id, convert_to(pg_temp.word(n), 'UTF8') from person;
insert into identity.macos_accounts (user_id, name) select id, pg_temp.word(n) from person;
insert into identity.accounts (user_id, type, provider, provider_account_id, scope)
select id, 'oauth', 'google', pg_temp.word(n), pg_temp.word(n) from person;
insert into identity.session_tokens (user_id, token_hash, expires_at)
select id, sha256(convert_to(pg_temp.word(n), 'UTF8')), now() + interval '1 day' from person;
insert into identity.api_tokens (user_id, for_user_id, name, prefix, token_hash, roles)
select id, id, pg_temp.word(n), 'rs_' || left(md5(n::text), 8),
    sha256(convert_to(pg_temp.word(n), 'UTF8')), '{{user}}' from person;
insert into studio.projects (user_id, title, source_text, config)
select id, pg_temp.word(n), pg_temp.word(n), jsonb_build_object(pg_temp.word(n), pg_temp.word(n))
from person;
insert into studio.scenes (user_id, project_id, position, narration, image_prompt, config)
select p.user_id, p.id, 1, pg_temp.word(1), pg_temp.word(2), jsonb_build_object(pg_temp.word(3), 1)
from studio.projects as p where p.title like '{MARK}%';
insert into studio.characters (user_id, project_id, name, description)
select p.user_id, p.id, pg_temp.word(1), pg_temp.word(2)
from studio.projects as p where p.title like '{MARK}%';
insert into studio.assets (user_id, kind, uri, name, size_bytes, provenance)
select id, 'image', id::text || '/' || pg_temp.word(n), pg_temp.word(n), 1,
    jsonb_build_object('prompt', pg_temp.word(n)) from person;
insert into studio.presets (user_id, kind, name, settings)
select id, 'voice', pg_temp.word(n), jsonb_build_object(pg_temp.word(n), 1) from person;
insert into media.requests (user_id, title, media_type, overseerr_id)
select id, pg_temp.word(n), 'movie', pg_temp.word(n) from person;
update identity.users set name = pg_temp.word(1), email = pg_temp.word(2) || id || '@example.org'
where email like '{MARK}%';
update identity.macos_accounts set name = pg_temp.word(1) || left(id::text, 8) where name like '{MARK}%';
update studio.projects set title = pg_temp.word(1), source_text = null;
update studio.scenes set narration = pg_temp.word(1);
update studio.assets set name = pg_temp.word(1);
delete from media.requests where title like '{MARK}%';
delete from identity.users where email like '{MARK}%' and plex_id < 7000500;
"""


def test_no_secret_and_no_word_of_anybody_is_in_ten_thousand_entries(
    database: Database,
) -> None:
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(FUZZ.encode())
        [row] = conn.execute("select count(*) from audit.entries").fetchall()
        assert row[0] > 10_000
        [row] = conn.execute(
            "select count(*) from audit.entries as e where e::text ilike %s",
            [f"%{MARK}%"],
        ).fetchall()
        assert row[0] == 0
        # Nor the hashes of tokens, nor a Plex id.
        [row] = conn.execute(
            "select count(*) from audit.entries as e"
            " join identity.session_tokens as t on e.row_key = t.id::text"
            " where e::text like '%' || encode(t.token_hash, 'hex') || '%'"
        ).fetchall()
        assert row[0] == 0
        [row] = conn.execute(
            "select count(*) from audit.entries as e where e::text ~ '[^0-9a-f]7000[0-9]{3}[^0-9a-f]'"
        ).fetchall()
        assert row[0] == 0


def test_a_row_s_life_is_told(
    database: Database, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = house.store.user(house.user_id)
    project = me.run(studio.projects.create, title="The fox", source_text="Once.")
    me.run(
        studio.projects.update,
        id=project.id,
        title="The wolf",
        source_text="Twice upon.",
        config={},
    )
    me.run(studio.projects.delete, id=project.id)
    job = me.run(render.jobs.submit, template_path="/a.aep", output_path="/b.mov")
    me.run(work.jobs.set_priority, id=job.id, priority=3)
    me.run(work.jobs.cancel, id=job.id)
    [email] = look(
        database, "select email from identity.users where id = %(id)s", id=house.user_id
    )
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("DIRECT_URL", database.owner_url)

    def tell(*arguments: str) -> str:
        said = CliRunner().invoke(cli, ["history", *arguments])
        assert said.exit_code == 0, said.output
        return said.output

    said = tell("studio.projects", str(project.id))
    assert said.count(f"user:{email[0]}") == 3
    assert max(map(len, said.splitlines())) <= 80
    flat = " ".join(said.split())
    assert "made: status draft; source_text 5 characters" in flat
    assert "title given" in flat.replace("; title", " title")
    assert "source_text 5 characters → 11 characters; title changed" in flat
    assert re.search(r"deleted_at nothing → \d{4}-", flat)
    said = tell("work.jobs", str(job.id))
    assert "priority 5 → 3" in said
    assert "became cancelled" in said
    told = json.loads(tell("work.jobs", str(job.id), "--json"))
    assert [each["actor"] for each in told] == [f"user:{house.user_id}"] * 3
    assert "nothing of this row" in tell("studio.projects", str(NOBODY))
    refused = CliRunner().invoke(cli, ["history", "studio.frames", "1"])
    assert refused.exit_code == 1
    assert "The trail follows no table studio.frames" in str(refused.exception)
    shown = "\n".join(ask(database, f"history\nstudio.projects {project.id}"))
    assert "title changed" in " ".join(shown.split())


def test_a_table_that_nobody_watches_is_said(house: House) -> None:
    with pytest.raises(NotFound):
        house.store.readonly().run(
            entries.history, table_name="studio.frames", row_key="1"
        )


def test_an_erased_users_entries_hold_nothing_of_theirs(
    database: Database, house: House
) -> None:
    admin = house.store.admin(reason="erases")
    admin.run(macos_accounts.create, user_id=house.user_id, name="margaret")
    admin.run(
        people.set_contact,
        id=house.user_id,
        email="margaret@example.org",
        slack_id="U0MARGARET",
    )
    house.store.user(house.user_id).run(studio.projects.create, title="margaret")
    admin.run(people.erase, id=house.user_id)
    assert look(
        database,
        "select count(*) from audit.entries as e where e::text ilike '%%margaret%%'",
    ) == [(0,)]
    assert any(
        (row.table_name, row.operation) == ("identity.users", Operation.DELETE)
        for row in house.latest()
    )
