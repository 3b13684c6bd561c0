"""A render manager's Prisma database, brought here: nothing is lost, nothing comes twice, what changes is said."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest

from renderstore import connect, errors, identity, ops, render, work
from renderstore.testing import Database

from .conftest import Made
from .support import ask, bring, digest, one, row, said

KIND = "render-manager"

# The same columns of the same job on both sides, as text.
_OLD_FIRST = """
    select count(*)::text || ' ' || md5(string_agg(concat_ws(
        '|', j.id, j."userId", j."projectPath", j."outputPath", j.status, j.priority, j."nexrenderConfig",
        coalesce(j.logs, ''), j.progress, coalesce(j.error, ''), j."createdAt", coalesce(j."completedAt"::text, '')
    ), e'\\n' order by j.id))
    from "Job" as j
"""
_NEW_FIRST = """
    select count(*)::text || ' ' || md5(string_agg(concat_ws(
        '|', i.old_id, owner.old_id, j.project_path, j.output_path, upper(j.status::text), j.priority,
        j.nexrender_config,
        coalesce((
            select string_agg(l.chunk, '' order by l.position)
            from work.logs as l
            where l.user_id = j.user_id and l.job_id = j.id
        ), ''),
        j.progress, coalesce(j.error_message, ''), j.queued_at::timestamp(3),
        coalesce(j.completed_at::timestamp(3)::text, '')
    ), e'\\n' order by i.old_id collate "C"))
    from render.jobs as j
    join ops.imported as i on i.table_name = 'work.jobs' and i.row_key = j.id::text
    join ops.imported as owner on owner.table_name = 'identity.users' and owner.row_key = j.user_id::text
"""
_OLD_SECOND = """
    select count(*)::text || ' ' || md5(string_agg(concat_ws(
        '|', j.id, j."userId", j."projectName", j."outputName", j."templatePath", j."dataPath", j."outputPath",
        j.status, j.priority, j.progress, j."nexrenderJobId", coalesce(j."errorMessage", ''),
        coalesce(j.logs, ''), j."queuedAt", coalesce(j."startedAt"::text, ''),
        coalesce(j."completedAt"::text, ''), j."estimatedTime", coalesce(j."actualTime"::text, ''),
        j."autoCancelAt", coalesce(j."cancelledReason", '')
    ), e'\\n' order by j.id))
    from "Job" as j
"""
_NEW_SECOND = """
    select count(*)::text || ' ' || md5(string_agg(concat_ws(
        '|', i.old_id, owner.old_id, j.project_name, j.output_name, j.template_path, j.data_path, j.output_path,
        upper(j.status::text), j.priority, j.progress, j.nexrender_job_id, coalesce(j.error_message, ''),
        coalesce((
            select string_agg(l.chunk, '' order by l.position)
            from work.logs as l
            where l.user_id = j.user_id and l.job_id = j.id
        ), ''),
        j.queued_at::timestamp(3), coalesce(j.started_at::timestamp(3)::text, ''),
        coalesce(j.completed_at::timestamp(3)::text, ''), j.estimated_s, coalesce(j.actual_s::integer::text, ''),
        j.auto_cancel_at::timestamp(3), coalesce(j.cancel_reason, '')
    ), e'\\n' order by i.old_id collate "C"))
    from render.jobs as j
    join ops.imported as i on i.table_name = 'work.jobs' and i.row_key = j.id::text
    join ops.imported as owner on owner.table_name = 'identity.users' and owner.row_key = j.user_id::text
"""


@pytest.mark.parametrize(
    ("design", "old", "new"),
    [
        ("render-manager", _OLD_FIRST, _NEW_FIRST),
        ("render-manager-2", _OLD_SECOND, _NEW_SECOND),
    ],
)
def test_every_job_comes_as_it_was(
    made: Made, database: Database, jobs: int, design: str, old: str, new: str
) -> None:
    source = made(design, rows=jobs)
    done = {each.table.name: each for each in bring(source, database, KIND)}

    assert (done["Job"].entered, done["Job"].changed, done["Job"].refused) == (
        jobs,
        0,
        0,
    )
    assert one(source, old) == one(database, new)
    assert one(database, "select count(*) from work.problems()") == 0
    # The event of its end, one a job that has ended.
    assert one(database, "select count(*) from work.events") == one(
        source, 'select count(*) from "Job" where "completedAt" is not null'
    )


def test_every_user_comes_as_it_was(made: Made, database: Database) -> None:
    source = made("render-manager", rows=0)
    bring(source, database, KIND)
    old = """
        select md5(string_agg(concat_ws(
            '|', u.id, u.email, coalesce(u.name, ''), coalesce(u.image, ''), lower(u.role::text),
            coalesce(u."macUsernames" ->> 0, ''), coalesce(u."slackUserId", ''), u."createdAt", u."updatedAt"
        ), e'\\n' order by u.id)) from "User" as u
    """
    new = """
        select md5(string_agg(concat_ws(
            '|', i.old_id, u.email, coalesce(u.name, ''), coalesce(u.image, ''), u.role,
            coalesce((select m.name from identity.macos_accounts as m where m.user_id = u.id), ''),
            coalesce(u.slack_id, ''), u.created_at::timestamp(3), u.updated_at::timestamp(3)
        ), e'\\n' order by i.old_id collate "C"))
        from identity.users as u
        join ops.imported as i on i.table_name = 'identity.users' and i.row_key = u.id::text
    """
    assert one(source, old) == one(database, new)


def test_a_second_run_brings_what_is_new_and_nothing_twice(
    made: Made, database: Database
) -> None:
    source = made("render-manager", rows=300)
    first = bring(source, database, KIND)
    before = digest(database)
    second = bring(source, database, KIND)
    assert [each.known for each in second] == [each.entered for each in first]
    assert sum(each.entered + each.refused for each in second) == 0
    assert digest(database) == before

    with psycopg.connect(source.owner_url, autocommit=True) as conn:
        conn.execute(
            'insert into prisma."Job" (id, "userId", "projectPath", "outputPath", status, "nexrenderConfig",'
            " \"updatedAt\") select 'later', id, '/p.aep', '/o.mov', 'QUEUED', '{}', now()"
            ' from prisma."User" limit 1'
        )
    third = bring(source, database, KIND)
    assert third[-1].entered == 1
    assert one(database, "select count(*) from work.jobs") == 301


def test_keys_are_the_same_each_time_and_in_the_order_of_time(
    made: Made, database: Database, empty_database: Database
) -> None:
    source = made("render-manager", rows=300)
    bring(source, database, KIND)
    keys = [r[0] for r in ask(database, "select id from work.jobs order by queued_at")]
    assert keys == sorted(keys, key=str)
    assert {str(key)[14] for key in keys} == {"7"}
    old = [r[0] for r in ask(source, 'select id from "Job" order by "createdAt"')]
    made_now = ask(
        database,
        "select ops.imported_id(timestamptz '2025-01-01' + n * interval '137.5 seconds',"
        " 'c' || left(md5('job' || n), 24)) from generate_series(1, 300) as n",
    )
    assert [r[0] for r in made_now] == keys
    with connect(database.url) as store, store.admin(reason="test") as conn:
        back = ops.imported.find_old(conn, table_name="work.jobs", row_key=str(keys[0]))
        assert [each.old_id for each in back] == [old[0]]
        there = ops.imported.find_new(conn, kind=KIND, source="Job", old_id=str(old[0]))
        assert there is not None
        assert there.row_key == str(keys[0])


def test_what_waits_stands_in_line_and_counts_as_active_but_not_as_todays(
    made: Made, database: Database
) -> None:
    source = made("render-manager", rows=200)
    bring(source, database, KIND)
    waiting = one(source, "select count(*) from \"Job\" where status = 'QUEUED'")
    assert one(database, "select sum(active_jobs) from work.usages") == waiting
    assert one(database, "select sum(daily_jobs) from work.usages") == 0
    with connect(database.url) as store:
        with store.worker("mac") as conn:
            claimed = render.jobs.claim(conn, limit=100)
        assert len(claimed) == waiting
        for job in claimed:
            with store.worker("mac") as conn:
                render.jobs.finish(
                    conn,
                    user_id=job.user_id,
                    id=job.id,
                    attempt=job.attempt,
                    paths=[job.output_path],
                )
        owner = claimed[0].user_id
        with store.user(owner) as conn:
            new = render.jobs.submit(
                conn, project_path="/p.aep", output_path="/o.mov", priority=10
            )
            work.jobs.cancel(conn, id=new.id)
            past = render.jobs.list(conn, page_size=5)
    assert past
    assert one(database, "select count(*) from work.problems()") == 0


def test_a_past_job_has_the_event_of_its_end_and_may_be_tried_again(
    made: Made, database: Database
) -> None:
    source = made("render-manager", rows=100)
    bring(source, database, KIND)
    failed = row(
        database,
        "select user_id, id, completed_at from work.jobs where status = 'failed' limit 1",
    )
    ended = row(
        database,
        "select before::text, after::text, happened_at, reason from work.events where job_id = %s",
        failed["id"],
    )
    assert (ended["before"], ended["after"]) == ("running", "failed")
    assert ended["happened_at"] == failed["completed_at"]
    with connect(database.url) as store, store.user(failed["user_id"]) as conn:  # type: ignore[arg-type]
        work.jobs.try_again(conn, id=failed["id"])  # type: ignore[arg-type]
    assert one(database, "select count(*) from work.problems()") == 0


def test_tokens_in_the_clear_are_hashed_and_go_on_working(
    made: Made, database: Database
) -> None:
    source = made("render-manager", rows=1)
    bring(source, database, KIND)
    owner = one(database, "select user_id from work.jobs")
    secret = "bravo-4c1fe3a0b58d45e1a0d2c6d9d1f0a7b3"
    with connect(database.url) as store:
        with store.token(secret, role=identity.TokenRole.USER, user_id=owner) as conn:  # type: ignore[arg-type]
            assert len(render.jobs.list(conn, page_size=5)) == 1
        with store.token(secret, role=identity.TokenRole.WORKER):
            pass
        with (
            pytest.raises(errors.TokenRefused, match="revoked"),
            store.token("old-4c1fe3a0b58d45e1a0d2c6d9d1f0a7b3"),
        ):
            pass
    for (name,) in ask(
        database,
        "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname !~ '^pg_'"
        " and schemaname <> 'information_schema'",
    ):
        assert (
            one(
                database,
                f"select count(*) from {name} as t where t::text like %s",
                f"%{secret}%",
            )
            == 0
        )


def test_who_is_signed_in_stays_so(made: Made, database: Database) -> None:
    source = made("render-manager", rows=0)
    bring(source, database, KIND)
    assert one(
        source,
        'select md5(string_agg(concat_ws(\'|\', "userId", "sessionToken", expires), \'\' order by "sessionToken"))'
        ' from "Session"',
    ) == one(
        database,
        "select md5(string_agg(concat_ws('|', i.old_id, s.session_token, s.expires_at::timestamp(3)), ''"
        " order by s.session_token)) from identity.web_sessions as s"
        " join ops.imported as i on i.row_key = s.user_id::text",
    )
    assert (
        one(
            database,
            "select count(*) from identity.users where last_login_at is not null",
        )
        == 0
    )
    assert one(
        source,
        "select md5(string_agg(concat_ws('|', \"userId\", \"providerAccountId\", access_token, id_token), ''"
        ' order by "providerAccountId")) from "Account"',
    ) == one(
        database,
        "select md5(string_agg(concat_ws('|', i.old_id, a.provider_account_id, s.access_token, s.id_token), ''"
        " order by a.provider_account_id)) from identity.accounts as a"
        " join identity.account_secrets as s on s.account_id = a.id"
        " join ops.imported as i on i.row_key = a.user_id::text",
    )


def _settle_before(database: Database) -> None:
    with connect(database.url) as store, store.admin(reason="test") as conn:
        identity.users.create(conn, email="here@example.com", name="From here")
        suspended = identity.users.create(conn, email="suspended@example.com")
        identity.users.suspend(conn, id=suspended.id)


# What is said of the odd rows, and no more.
ODD: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "User": (
        {
            "email: written in lower case": 1,
            "macUsernames: a name that no Mac has is dropped": 1,
            "macUsernames: another user's name is dropped": 1,
            "macUsernames: dropped, it is no list": 1,
            "merged with the user who has this address or Plex id, and who stays as is": 3,
            "name: cut after 200 characters": 1,
            "slackUserId: dropped, it is no id of Slack": 1,
        },
        {
            "Its e-mail address is none.": 1,
            "Its times do not lie between 1970 and 9999.": 1,
        },
    ),
    "Session": (
        {},
        {
            "A session's token has 1 to 500 characters.": 1,
            "Its user did not come.": 1,
        },
    ),
    "Job": (
        {
            "beware: its user's plan keeps it no longer, and the next sweep deletes it": 2,
            "completedAt: taken from updatedAt": 2,
            "error: cut after 10000 characters": 1,
            "logs: in several chunks": 1,
            "priority: clamped to 0 to 10": 2,
            "progress: begins anew at 0": 1,
            "progress: clamped to 0 to 100": 1,
            "status: PENDING became QUEUED": 1,
            "status: RENDERING became QUEUED": 1,
            "status: VALIDATING became QUEUED": 1,
        },
        {
            "It waits, and its user may not render.": 1,
            "Its times do not lie between 1970 and 9999.": 1,
            "Its user did not come.": 2,
            "nexrenderConfig: template.src: A template needs the src of its project file.": 1,
            "outputPath: It has none.": 1,
            "projectPath: A path is absolute: /folder, C:\\folder, \\\\server\\share or scheme://host.": 1,
        },
    ),
}


def test_a_dry_run_says_each_change_and_refusal_of_the_run_and_writes_nothing(
    made: Made, database: Database
) -> None:
    source = made("render-manager", "render-manager-odd", rows=120)
    _settle_before(database)
    before = digest(database)
    dry = bring(source, database, KIND, dry=True)
    assert digest(database) == before

    # In batches of another size: what a row meets does not depend on its neighbours.
    real = bring(source, database, KIND, batch=7)
    assert said(dry) == said(real)
    told = {
        each.table.name: (dict(each.changes), dict(each.refusals))
        for each in dry
        if each.table.name in ODD
    }
    assert told == ODD
    assert one(database, "select count(*) from work.problems()") == 0


def test_refused_rows_lie_whole_and_come_once_the_reason_is_gone(
    made: Made, database: Database
) -> None:
    source = made("render-manager", "render-manager-odd", rows=0)
    _settle_before(database)
    bring(source, database, KIND)
    assert one(
        database,
        "select old_row from ops.import_refusals where old_id = 'j06'",
    ) == one(source, "select to_jsonb(j) from \"Job\" as j where id = 'j06'")
    # A cookie that works does not lie in the clear.
    assert one(
        database,
        "select old_row -> 'sessionToken' ->> 'sha256' from ops.import_refusals where old_id = 'sodd2'",
    ) == one(database, "select encode(sha256('whose'), 'hex')")

    with psycopg.connect(source.owner_url, autocommit=True) as conn:
        conn.execute(
            "update prisma.\"Job\" set \"projectPath\" = '/now.aep' where id = 'j06'"
        )
    before = one(database, "select count(*) from ops.import_refusals")
    again = bring(source, database, KIND)
    assert again[-1].entered == 1
    assert isinstance(before, int)
    assert one(database, "select count(*) from ops.import_refusals") == before - 1


def test_who_is_here_already_stays_as_is_and_gets_the_jobs(
    made: Made, database: Database
) -> None:
    source = made("render-manager", "render-manager-odd", rows=0)
    _settle_before(database)
    bring(source, database, KIND)
    there = row(
        database, "select * from identity.users where email = 'here@example.com'"
    )
    assert (there["name"], there["role"], there["plan_id"]) == (
        "From here",
        "user",
        "free",
    )
    assert (
        one(database, "select count(*) from work.jobs where user_id = %s", there["id"])
        == 2
    )
    new = row(
        database, "select * from identity.users where email = 'odd.one@example.com'"
    )
    assert (new["plan_id"], new["created_at"]) == (
        "imported",
        datetime(2024, 3, 1, tzinfo=UTC),
    )


def test_a_long_log_comes_in_chunks_and_reads_as_one_text(
    made: Made, database: Database
) -> None:
    source = made("render-manager", "render-manager-odd", rows=0)
    bring(source, database, KIND)
    chunks = ask(
        database,
        "select l.position, octet_length(l.chunk), l.chunk from work.logs as l"
        " join ops.imported as i on i.row_key = l.job_id::text where i.old_id = 'j04' order by l.position",
    )
    assert len(chunks) > 1
    reached = 0
    for position, size, _ in chunks:
        assert position == reached
        assert isinstance(size, int)
        reached += size
    text = "".join(str(chunk) for _, _, chunk in chunks)
    assert text == one(source, "select logs from \"Job\" where id = 'j04'")


def test_only_an_administrator_imports(database: Database) -> None:
    with connect(database.url) as store:
        with store.admin(reason="test") as conn:
            user = identity.users.create(conn, email="ann@example.org")
        for scope in (store.user(user.id), store.worker("w"), store.auth()):
            with pytest.raises(errors.NotAllowed), scope as conn:
                ops.imported.import_rows(
                    conn, kind=KIND, source="User", old_rows="[]", plan_id="free"
                )
