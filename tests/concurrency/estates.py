"""What tenants hold in the strangers' test: what each of them has, and each way to lock some of it.

Whatever every sweep has to do is in an estate too, so that it comes by what is held.
"""

from __future__ import annotations

from uuid import UUID

import psycopg
from tests import factories

from renderstore.testing import Database

from .queueing import plan


def _job(key: str) -> str:
    return f"(select id from work.jobs where idempotency_key = '{key}')"


def _one(table: str, where: str) -> str:
    return f"(select id from {table} where {where} order by id limit 1)"


ME = "(select identity.current_user_id())"
ASKED = "'/a.mov', project_path => '/a.aep'"
LIVE = _one("studio.projects", "title = 'live'")
SCENE = _one("studio.scenes", "narration = 'a'")
WALK = _one("studio.animations", "name = 'walk'")
FRAMES = "(select array_agg(id order by position) from studio.frames)"
KEPT = _one("studio.assets", "state = 'kept'")
RESERVED = _one("studio.assets", "state = 'reserved'")
DROPPED = _one("studio.assets", "state = 'deleted'")
PRESET = _one("studio.presets", "name = 'mine'")
DROPPED_PRESET = _one("studio.presets", "name = 'dropped'")
TOKEN = "sha256(identity.current_user_id()::text::bytea)"
SHEET = (
    '{"frames": [{"duration": 40, "frame": {"x": 0, "y": 0, "w": 1, "h": 1}}],'
    ' "meta": {"frameTags": [{"name": "a", "from": 0, "to": 0}]}}'
)
RUN, WAIT, LATER, FAILED = (_job(key) for key in ("run", "wait", "later", "failed"))
OLD, OLDER, YOUNG, LOOK = (_job(key) for key in ("old", "older", "young", "look"))

HOLDS: dict[str, list[str]] = {
    # What writes nothing until it is over holds nothing: the test asks that it does not.
    "identity.bind": [f"identity.bind('renderstore_app', {ME}, 'another')"],
    "identity.bind_token": [f"identity.bind_token({TOKEN}, 'user', {ME})"],
    "identity.new_secret": ["identity.new_secret('rs_')"],
    "ops.uuidv7": ["ops.uuidv7()"],
    # identity
    "identity.note_token_use": [f"identity.note_token_use({TOKEN})"],
    "identity.issue_api_token": [
        f"identity.issue_api_token('new', '{{user}}', {ME}, null, {ME}, null)"
    ],
    "identity.rotate_api_token": [
        f"identity.rotate_api_token({_one('identity.api_tokens', 'true')})"
    ],
    "identity.end_web_session": [
        f"identity.end_web_session({_one('identity.web_sessions', 'true')})"
    ],
    "identity.end_web_sessions": [f"identity.end_web_sessions({ME})"],
    "identity.end_session_token": [
        f"identity.end_session_token({_one('identity.session_tokens', 'true')})"
    ],
    "identity.end_session_tokens": [f"identity.end_session_tokens({ME})"],
    # work
    "work.cancel": [
        f"work.cancel({each})" for each in (RUN, _job("step"), WAIT, LATER, YOUNG, LOOK)
    ],
    "work.try_again": [f"work.try_again({FAILED})"],
    "work.link": [
        f"work.link({LATER}, array[{RUN}])",
        f"work.link({LATER}, array[{OLD}, {OLDER}])",
        f"work.link({LATER}, array[{FAILED}], 'wait')",
        f"work.link({YOUNG}, array[{WAIT}])",
    ],
    "work.unlink": [
        f"work.unlink({YOUNG}, array[{RUN}])",
        f"work.unlink({YOUNG}, array[{OLD}])",
    ],
    "work.set_priority": [f"work.set_priority({WAIT}, 1)"],
    "work.set_due": [
        f"work.set_due({WAIT}, now() + interval '1 hour')",
        f"work.set_due({LATER}, null)",
    ],
    "work.set_auto_cancel": [
        f"work.set_auto_cancel({each}, now() + interval '1 hour')"
        for each in (RUN, WAIT)
    ],
    "work.watch": [f"work.watch({RUN})"],
    "work.delete": [
        f"work.delete({each})" for each in (WAIT, FAILED, OLD, YOUNG, LOOK)
    ],
    # render
    "render.set_names": [
        f"render.set_names({each}, 'a', 'b')" for each in (RUN, WAIT, OLD)
    ],
    "render.submit": [
        f"render.submit({ASKED}{more})"
        for more in (
            "",
            ", labels => '{fresh}'",
            ", priority => 2",
            ", idempotency_key => 'monday'",
            ", validate_first => true",
            f", needs_job_ids => array[{RUN}, {OLD}, {OLDER}]",
        )
    ],
    "render.submit_many": [
        "render.submit_many(array_fill('/a.mov'::text, array[2000]),"
        " project_paths => array_fill('/a.aep'::text, array[2000]))"
    ],
    # studio
    "studio.create_project": ["studio.create_project('new')"],
    "studio.delete_project": [f"studio.delete_project({LIVE})"],
    "studio.restore_project": [
        f"studio.restore_project({_one('studio.projects', 'purge_at > now()')})"
    ],
    "studio.purge_project": [
        f"studio.purge_project({_one('studio.projects', f'purge_at {when} now()')})"
        for when in ("<", ">")
    ],
    "studio.create_scenes": [f"studio.create_scenes({LIVE}, '{{new}}')"],
    "studio.move_scene": [f"studio.move_scene({SCENE}, 2)"],
    "studio.reorder_scenes": [
        f"studio.reorder_scenes({LIVE}, (select array_agg(id order by position desc)"
        f" from studio.scenes where project_id = {LIVE} and deleted_at is null))"
    ],
    "studio.delete_scenes": [f"studio.delete_scenes(array[{SCENE}])"],
    "studio.restore_scene": [
        f"studio.restore_scene({_one('studio.scenes', 'deleted_at is not null')})"
    ],
    "studio.begin_asset": [
        f"studio.begin_asset('image', 100, 'png', {LIVE})",
    ],
    "studio.abandon_asset": [f"studio.abandon_asset({RESERVED})"],
    "studio.keep_asset": [f"studio.keep_asset({RESERVED}, 100)"],
    "studio.delete_asset": [
        f"studio.delete_asset({KEPT}, {is_final})" for is_final in ("false", "true")
    ],
    "studio.restore_asset": [f"studio.restore_asset({DROPPED})"],
    "studio.import_aseprite": [
        f"studio.import_aseprite({_one('studio.characters', 'true')}, 'new', '{SHEET}', {KEPT})"
    ],
    "studio.add_frames": [f"studio.add_frames({WALK}, '{{40}}', array[{KEPT}])"],
    "studio.move_frames": [f"studio.move_frames({WALK}, ({FRAMES})[1:1], 2)"],
    "studio.set_durations": [f"studio.set_durations({WALK}, ({FRAMES})[1:1], '{{7}}')"],
    "studio.show_frames": [
        f"studio.show_frames({WALK}, ({FRAMES})[1:1], array[{KEPT}])"
    ],
    "studio.delete_frames": [f"studio.delete_frames({WALK}, ({FRAMES})[2:2])"],
    "studio.set_tags": [f"studio.set_tags({WALK}, '{{new}}', '{{1}}', '{{1}}')"],
    "studio.create_preset": ["studio.create_preset('image', 'new', '{}', true)"],
    "studio.set_default_preset": [f"studio.set_default_preset({PRESET})"],
    "studio.clear_default_preset": ["studio.clear_default_preset('video')"],
    "studio.delete_preset": [f"studio.delete_preset({PRESET})"],
    "studio.restore_preset": [f"studio.restore_preset({DROPPED_PRESET})"],
    "studio.link_jobs": [
        f"studio.link_jobs({LIVE}, array[{each}])" for each in (WAIT, OLD)
    ],
    "studio.unlink_jobs": [f"studio.unlink_jobs({LIVE}, array[{RUN}])"],
    "studio.cancel_jobs": [f"studio.cancel_jobs({LIVE}, 'no more')"],
    "studio.submit_step": [
        f"studio.submit_step('image', {LIVE}, {SCENE}{more})"
        for more in ("", ", labels => '{fresh}', idempotency_key => 'monday'")
    ],
    "studio.submit_steps": [
        f"studio.submit_steps('{{image,other}}', {LIVE}, in_order => true,"
        f" needs_job_ids => array[{_job('step')}])"
    ],
    "studio.resume_steps": [f"studio.resume_steps({LIVE})"],
    "studio.add_inputs": [
        f"studio.add_inputs({each}, array[{KEPT}])"
        for each in (_job("step"), _job("wait step"))
    ],
    # media
    "media.submit_download": [
        f"media.submit_download('https://example.org/list'{more})"
        for more in ("", ", labels => '{fresh}', idempotency_key => 'monday'")
    ],
    "media.retry_failed": [f"media.retry_failed({_job('fetched')})"],
    "media.remove_files": [
        "media.remove_files((select array_agg(id) from media.download_files"
        " where state = 'kept'))"
    ],
    "media.forget_removed": ["media.forget_removed('{r}')"],
    "media.submit_requests": [
        "media.submit_requests('The fox', 'tv', 7, '{1,2}', false)",
        "media.submit_requests('The owl', 'movie', 8, overseerr_id => 'seerr 8')",
    ],
    "media.cancel_request": [f"media.cancel_request({_one('media.requests', 'true')})"],
    # ops
    "ops.read_notices": ["ops.read_notices()"],
    "ops.take": ["ops.take('render.submit')"],
}
"""Statements for each volatile function that a user may call; each is held open by a tenant of its own."""

NOTHING = frozenset(
    {"identity.bind", "identity.bind_token", "identity.new_secret", "ops.uuidv7"}
)
"""What holds no lock of any row, as the test sees."""

WHOLE_ROWS = ("for update", "for no key update", "for share", "for key share")

REPORTS = {
    "run": [
        "work.append_log({}, 'a line')",
        "work.heartbeat({}, 50)",
        "work.fail({}, 'crashed')",
        "work.stop({})",
        "work.release({})",
        "render.finish({}, '{{/a.mov}}')",
    ],
    "fetch": [
        "media.describe_download({}, 'The fox')",
        "media.report_files({}, '{{a,b}}')",
        "media.finish_download({})",
    ],
    "step": [
        "studio.report_step({}, null, 1, 1, 1, 1)",
        "studio.begin_for_job({}, 'image', 100)",
        "studio.finish_step({})",
    ],
}
"""What a worker says of each job that it holds, beside its heartbeats."""

_THEIRS = "(select id from work.jobs where user_id = '{0}' and idempotency_key = '{1}')"
ADMINISTERS = {
    "old": f"work.delete({_THEIRS}, '{{0}}')",
    "young": f"work.delete({_THEIRS}, '{{0}}')",
    "later": f"work.cancel({_THEIRS}, null, '{{0}}')",
}
"""What an administrator does with a job of each holder, by its name."""

PLAIN: dict[str, str] = {
    "inserts a render job": (
        "insert into render.jobs (project_path, output_path) values ('/a', '/b')"
    ),
    "inserts a download": (
        "insert into media.downloads (playlist_url) values ('https://example.org/list')"
    ),
    "inserts a step": (
        f"insert into studio.steps (project_id, step) select {LIVE}, 'other'"
    ),
    "holds 10,000": (
        "with limited as (select work.set_auto_cancel(id, now() + interval '2 days')"
        " from work.jobs where due_at > now() + interval '12 h'),"
        " locked as (select id from studio.assets where name = 'many' for update)"
        " select from limited union all select from locked"
    ),
    "takes the schema's advisory lock": (
        "select pg_advisory_xact_lock(hashtext('ops.import_rows'), 0)"
    ),
}

THOUSANDS = "holds 10,000"

ESTATE = """
insert into identity.api_tokens (name, user_id, for_user_id, prefix, token_hash, roles)
select 'mine', id, id, 'rs_' || right(id::text, 8), sha256(id::text::bytea), '{user}'
from people;
insert into identity.api_tokens
    (name, user_id, for_user_id, prefix, token_hash, roles, created_at, expires_at)
select 'late', id, id, 'rs_' || right(id::text, 8), sha256(id::text::bytea || 'x'), '{user}',
    now() - interval '1 day', now() - interval '1 s'
from people;
insert into identity.web_sessions (user_id, session_token, expires_at)
select id, 'late ' || id, now() - interval '1 s' from people;
insert into identity.web_sessions (user_id, session_token, expires_at)
select id, 'live ' || id, now() + interval '1 h' from people;
insert into identity.session_tokens (user_id, token_hash, created_at, expires_at)
select id, sha256(id::text::bytea || name::bytea), now() - interval '1 day', until
from people,
    (values ('late', now() - interval '1 s'), ('live', now() + interval '1 h'))
        as s (name, until);
insert into identity.macos_accounts (user_id, name)
select id, 'mac' || right(id::text, 12) from people;
insert into studio.projects (user_id, title, deleted_at, purge_at)
select id, 'late', now() - interval '2 days', now() - interval '1 s' from people;
insert into studio.projects (user_id, title, deleted_at, purge_at)
select id, 'gone', now(), now() + interval '1 day' from people;
insert into studio.presets (user_id, kind, name, is_default)
select id, 'image', 'mine', false from people;
insert into studio.presets (user_id, kind, name, is_default)
select id, 'video', 'default', true from people;
insert into studio.presets (user_id, kind, name, deleted_at, purge_at)
select id, 'image', name, now(), until
from people,
    (values ('late', now() - interval '1 s'), ('dropped', now() + interval '1 h'))
        as s (name, until);
insert into ops.notices (user_id, topic) select id, 'new' from people;
insert into ops.notices (user_id, id, topic)
select id, overlay(ops.uuidv7()::text placing '01800000-0000' from 1)::uuid, 'old'
from people;
insert into ops.rate_limits (user_id, endpoint, window_s, slot, used, earlier, idle_at)
select id, 'render.submit', 1, 1, 1, array_fill(0, array[12]), now() - interval '1 s'
from people
"""

CALLS = """
select studio.create_project('live', user_id => id) from people;
reset role;
insert into studio.scenes (user_id, project_id, position, narration)
select p.user_id, p.id, s.position, s.narration
from studio.projects as p,
    (values (1, 'a'), (2, 'b'), (3, 'c')) as s (position, narration)
where p.title in ('live', 'late');
insert into studio.scenes (user_id, project_id, narration, deleted_at)
select user_id, id, 'dropped', now() from studio.projects where title = 'live';
insert into studio.characters (user_id, project_id, name)
select user_id, id, 'fox' from studio.projects where title = 'live';
insert into studio.animations (user_id, character_id, name)
select user_id, id, 'walk' from studio.characters;
set local role renderstore_admin;
select studio.begin_asset('image', 100, 'png', (
    select p.id from studio.projects as p
    where p.user_id = people.id and p.title = 'live'), 'kept', user_id => id) from people;
select studio.keep_asset(id, 100, sha256(id::text::bytea), 'image/png', 64, 64,
    user_id => user_id) from studio.assets where name = 'kept';
select studio.begin_asset('image', 100, 'png', null, 'dropped', user_id => id) from people;
select studio.keep_asset(id, 100, sha256(id::text::bytea), 'image/png', 64, 64,
    user_id => user_id) from studio.assets where name = 'dropped';
select studio.delete_asset(id, false, user_id) from studio.assets where name = 'dropped';
select studio.begin_asset('image', 100, 'png', null, 'late', user_id => id) from people;
select studio.add_frames(id, '{40,40,40}', user_id => user_id) from studio.animations;
select studio.set_tags(id, '{all}', '{1}', '{3}', user_id => user_id)
from studio.animations;
select render.submit('/a.mov', project_path => '/a.aep', idempotency_key => key, user_id => id)
from people, unnest('{run,wait,failed,old,older}'::text[]) as key;
select render.submit('/a.mov', project_path => '/a.aep', idempotency_key => 'later',
    due_at => now() + interval '1 h', user_id => id) from people;
select render.submit('/a.mov', project_path => '/a.aep', idempotency_key => 'look',
    validate_first => true, user_id => id) from people;
select render.submit('/a.mov', project_path => '/a.aep', idempotency_key => 'young',
    needs_job_ids => array(
        select j.id from work.jobs as j
        where j.user_id = people.id and j.idempotency_key in ('run', 'old')
    ), user_id => id) from people;
select media.submit_download('https://example.org/list', idempotency_key => key, user_id => id)
from people, unnest('{fetch,fetched}'::text[]) as key;
select studio.submit_step('image', p.id, idempotency_key => key, user_id => p.user_id)
from studio.projects as p, unnest('{step,wait step,failed step}'::text[]) as key
where p.title = 'live';
select studio.link_jobs(p.id, array[j.id], p.user_id)
from studio.projects as p
join work.jobs as j on j.user_id = p.user_id and j.idempotency_key = 'run'
where p.title = 'live';
select media.submit_requests('The hen', 'movie', 9, user_id => id) from people
"""

STATES = """
delete from work.ready where job_id in (select id from placed where status <> 'queued');
delete from work.arrivals where job_id in (select id from placed where status <> 'queued');
update work.jobs as j
set
    status = 'running',
    attempt = 1,
    held_by = placed.held_by,
    lease_expires_at = now() + interval '60 seconds',
    started_at = now(),
    due_at = null
from placed
where j.id = placed.id;
update work.jobs as j
set failures = max_failures - 1
from placed
where j.id = placed.id and placed.status = 'failed';
select work.end_run(
    j,
    placed.status::work.outcome,
    case when placed.status = 'failed' then 'crash' end
)
from work.jobs as j
join placed on placed.id = j.id
where placed.status <> 'running';
insert into media.download_files (user_id, job_id, position, video_id, state, error_class)
select user_id, id, 1, 'f', 'failed', 'crash'
from work.jobs where idempotency_key = 'fetched';
insert into media.download_files
    (user_id, job_id, position, video_id, state, path, size_bytes, kept_at)
select user_id, id, 2, 'k', 'kept', user_id || '/k.mp4', 100, now()
from work.jobs where idempotency_key = 'fetched';
insert into media.download_files
    (user_id, job_id, position, video_id, state, path, size_bytes, kept_at)
select user_id, id, 3, 'r', 'kept', user_id || '/r.mp4', 100, now()
from work.jobs where idempotency_key = 'fetched';
update media.download_files set state = 'removed' where video_id = 'r';
insert into media.download_files (user_id, position, video_id)
select id, 1, 'late' from people;
update studio.assets set sweep_at = now() where state = 'reserved'
"""

PLACED = """
create temporary table placed on commit drop as
select j.id, w.status, w.held_by
from work.jobs as j
join people as p on p.id = j.user_id
join (
    values
        ('run', 'running', 'one'),
        ('fetch', 'running', 'two'),
        ('step', 'running', 'two'),
        ('failed', 'failed', 'gone'),
        ('failed step', 'failed', 'gone'),
        ('fetched', 'completed', 'gone'),
        ('older', 'completed', 'gone'),
        ('old', 'completed', 'gone')
) as w (key, status, held_by) on w.key = j.idempotency_key
"""

AGED = """
update {table} set {column} = overlay({column}::text placing
    left(ops.first_uuidv7(now() - interval '10 days')::text, 13) from 1)::uuid
where {column} = any(%s)
"""

OWNED_BY_JOBS = """
select c.conrelid::regclass::text, a.attname
from pg_constraint as c
join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = any(c.conkey)
where c.contype = 'f'
    and c.confrelid = 'work.jobs'::regclass
    and a.attname <> 'user_id'
union all
values ('work.jobs', 'id')
"""


def settled(database: Database, count: int) -> list[UUID]:
    """So many tenants with an estate each."""
    keeps_a_day = plan(
        database, keep_ended_jobs_days=1, keep_deleted_days=1, max_stored_bytes=1 << 40
    )
    with psycopg.connect(database.admin_url) as conn:
        factories.offer(conn, ["fresh"])
        conn.execute("create temporary table people (id uuid) on commit drop")
        conn.execute("grant select on people to renderstore_admin")
        conn.execute(
            "with made as (insert into identity.users (email, plan_id)"
            " select 'tenant' || n || '@example.org', %s"
            " from generate_series(1, %s) as n returning id)"
            " insert into people select id from made",
            [keeps_a_day, count],
        )
        conn.execute(
            "insert into ops.limits (endpoint, max_requests, window_s)"
            " values ('render.submit', 1000000, 1) on conflict do nothing"
        )
        for statement in ESTATE.split(";\n"):
            conn.execute(statement.encode())
        conn.execute("select identity.bind('renderstore_admin', null, 'dba:tests')")
        for statement in CALLS.split(";\n"):
            conn.execute(statement.encode())
        conn.execute("reset role")
        conn.execute("select work.open_lanes(100000)")
        conn.execute(PLACED.encode())
        for statement in STATES.split(";\n"):
            conn.execute(statement.encode())
        conn.execute("set local session_replication_role = replica")
        old = conn.execute(
            "select array_agg(id) from work.jobs"
            " where status in ('completed', 'failed')"
        ).fetchone()
        for table, column in conn.execute(OWNED_BY_JOBS).fetchall():
            conn.execute(AGED.format(table=table, column=column).encode(), old)
        conn.execute(
            "update work.jobs set completed_at = now() - interval '10 days'"
            " where id < ops.first_uuidv7(now() - interval '9 days')"
        )
        return [row[0] for row in conn.execute("select id from people").fetchall()]
