"""What may be seen and done by whom: the one table that every grant must stand in.

`select` means every column save the secret ones, `select*` the secret ones too, and
`update(name, image)` these two columns. Who is not named has no right at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

COMMANDS = ("select", "insert", "update", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Walls:
    """One table or view: whose rows it holds, what in it is secret, and each role's rights."""

    owner: str | None
    """The column that names the row's user; None where the rows belong to nobody."""
    secret: tuple[str, ...] = ()
    app: str = ""
    auth: str = ""
    worker: str = ""
    admin: str = ""
    readonly: str = ""

    def rights(self, role: str, columns: frozenset[str]) -> dict[str, frozenset[str]]:
        """Each command that the role has, with its columns."""
        text: str = getattr(self, role)
        found: dict[str, frozenset[str]] = {}
        for command, star, names in re.findall(r"(\w+)(\*?)(?:\(([^)]*)\))?", text):
            if names:
                found[command] = frozenset(re.findall(r"\w+", names))
            else:
                found[command] = columns if star else columns - set(self.secret)
        return found


def unwritten(columns: Iterable[str]) -> Walls:
    """Of what is not in EXPECTED, a user sees only the own rows and a role has no right."""
    return Walls(owner="user_id" if "user_id" in columns else None)


# What only our functions write. A worker sees of jobs, and what hangs on them, what it holds.
_SEEN = Walls(
    owner="user_id", app="select", worker="select", admin="select", readonly="select"
)

# The same, and of no use to a worker.
_KEPT = Walls(owner="user_id", app="select", admin="select", readonly="select")

# What the farm keeps for itself: no user sees it, and nobody writes it but our functions.
_FARMS = Walls(owner=None, worker="select", admin="select", readonly="select")

# What belongs to nobody and everybody may see.
_SHOWN = Walls(
    owner=None, app="select", worker="select", admin="select", readonly="select"
)

EXPECTED: dict[str, Walls] = {
    "identity.plans": Walls(
        owner=None,
        app="select",
        auth="select",
        admin="select insert update delete",
        readonly="select",
    ),
    "identity.users": Walls(
        owner="id",
        # A user's own transaction must not hold the row that an administrator ends.
        app="select",
        auth=(
            "select delete"
            " insert(email, name, image, plex_id, plex_username, email_verified_at)"
            " update(email, name, image, plex_username, is_password_change_due,"
            " email_verified_at, last_login_at)"
        ),
        admin=(
            "select delete"
            " insert(plan_id, farm_id, role, email, name, image, slack_id, plex_id,"
            " plex_username)"
            " update(plan_id, role, status, email, name, image, slack_id, plex_id,"
            " plex_username, email_verified_at)"
        ),
        readonly="select",
    ),
    "identity.user_secrets": Walls(
        owner="user_id",
        secret=("plex_token_encrypted", "password_hash"),
        auth=(
            "select* insert(user_id, plex_token_encrypted)"
            " update(plex_token_encrypted, password_hash)"
        ),
    ),
    # A user sees none, so that no user can lock one.
    "identity.owners": Walls(owner="user_id", admin="select", readonly="select"),
    "identity.macos_accounts": Walls(
        owner="user_id",
        app="select",
        auth="select",
        admin="select insert(user_id, name) delete",
        readonly="select",
    ),
    "identity.bootstraps": Walls(
        owner=None, auth="select", admin="select", readonly="select"
    ),
    "identity.accounts": Walls(
        owner="user_id",
        app="select",
        auth=(
            "select delete"
            " insert(user_id, type, provider, provider_account_id, token_type, scope,"
            " expires_at_s)"
            " update(token_type, scope, expires_at_s)"
        ),
        admin="select delete",
        readonly="select",
    ),
    "identity.account_secrets": Walls(
        owner=None,
        secret=("access_token", "refresh_token", "id_token", "session_state"),
        auth=(
            "select* insert*"
            " update(access_token, refresh_token, id_token, session_state)"
        ),
    ),
    "identity.web_sessions": Walls(
        owner="user_id",
        secret=("session_token",),
        # Functions end a session: who may delete may lock the whole table.
        app="select",
        auth="select* insert(user_id, session_token, expires_at) update(expires_at) delete",
        admin="select delete",
        readonly="select",
    ),
    "identity.verification_tokens": Walls(
        owner=None,
        secret=("token",),
        auth="select* insert(identifier, token, expires_at) delete",
        admin="select",
        readonly="select",
    ),
    "identity.session_tokens": Walls(
        owner="user_id",
        secret=("token_hash",),
        app="select",
        auth=(
            "select* insert(user_id, token_hash, expires_at)"
            " update(last_used_at, expires_at) delete"
        ),
        admin="select delete",
        readonly="select",
    ),
    "identity.api_tokens": Walls(
        owner="user_id",
        secret=("token_hash",),
        app=(
            "select insert(user_id, service, for_user_id, name, prefix, token_hash, roles,"
            " expires_at) update(name, prefix, token_hash, expires_at, revoked_at)"
        ),
        auth="select* update(last_used_at) delete",
        admin=(
            "select insert(user_id, service, for_user_id, name, prefix, token_hash, roles,"
            " expires_at) update(name, prefix, token_hash, expires_at, revoked_at) delete"
        ),
        readonly="select",
    ),
    "authjs.users": Walls(
        owner="id",
        auth=(
            "select delete insert(name, email, emailVerified, image)"
            " update(name, email, emailVerified, image)"
        ),
    ),
    "authjs.sessions": Walls(
        owner="userId",
        auth="select delete insert(userId, expires, sessionToken) update(expires)",
    ),
    "authjs.accounts": Walls(
        owner="userId",
        auth=(
            "select delete insert(userId, type, provider, providerAccountId, refresh_token,"
            " access_token, expires_at, id_token, scope, session_state, token_type)"
        ),
    ),
    "authjs.verification_token": Walls(
        owner=None, auth="select insert(identifier, expires, token) delete"
    ),
    "work.transitions": _SHOWN,
    "work.error_classes": Walls(
        owner=None,
        app="select",
        worker="select",
        admin="select insert update delete",
        readonly="select",
    ),
    "work.labels": Walls(
        owner=None,
        app="select",
        worker="select",
        admin="select insert(name, meaning) update(meaning) delete",
        readonly="select",
    ),
    "work.workers": Walls(
        owner=None,
        worker="select update(seen_at, stopped_at)",
        admin="select update(seen_at, stopped_at) delete",
        readonly="select",
    ),
    "work.pauses": _SHOWN,
    # Lanes carry what others ask for: a user sees of the line the own places, and no lane.
    "work.lanes": _FARMS,
    "work.worker_lanes": _FARMS,
    "work.waits": _FARMS,
    "work.duties": Walls(owner=None, admin="select", readonly="select"),
    "ops.sweep_parts": _FARMS,
    "work.usages": _KEPT,
    "work.user_pauses": _KEPT,
    "work.turns": _KEPT,
    # A worker sees the keys of what waits, whosever it is.
    "work.ready": _SEEN,
    "work.arrivals": _SEEN,
    # What a worker reported, or somebody passed over: the sweep's to read.
    "work.leftovers": Walls(owner="user_id", admin="select", readonly="select"),
    "work.reports": Walls(owner="user_id", admin="select", readonly="select"),
    # Functions are the doors: no role writes a job, or what hangs on it, by hand.
    "work.jobs": _SEEN,
    "work.dependencies": _SEEN,
    "work.events": _SEEN,
    "work.history": _SEEN,
    "work.logs": _SEEN,
    "render.specs": _SEEN,
    "render.outputs": _SEEN,
    # An insert goes through render.submit.
    "render.jobs": Walls(
        owner="user_id",
        app="select insert",
        worker="select",
        admin="select insert",
        readonly="select",
    ),
    "studio.usages": _KEPT,
    "studio.transitions": _SHOWN,
    # Functions make, move and delete; what merely is, its owner writes.
    "studio.projects": Walls(
        owner="user_id",
        app="select update(title, source_text, status, config)",
        admin="select update(title, source_text, status, config)",
        readonly="select",
    ),
    "studio.scenes": Walls(
        owner="user_id",
        app="select update(status, narration, image_prompt, duration_ms, config)",
        admin="select update(status, narration, image_prompt, duration_ms, config)",
        readonly="select",
    ),
    "studio.assets": Walls(
        owner="user_id",
        app="select update(name, provenance, expires_at)",
        worker="select",
        admin="select update(name, provenance, expires_at, missing_at)",
        readonly="select",
    ),
    "studio.characters": Walls(
        owner="user_id",
        app=(
            "select insert(user_id, project_id, name, description, config)"
            " update(name, description, config, deleted_at)"
        ),
        admin=(
            "select insert(user_id, project_id, name, description, config)"
            " update(name, description, config, deleted_at)"
        ),
        readonly="select",
    ),
    "studio.animations": Walls(
        owner="user_id",
        app=(
            "select"
            " insert(user_id, character_id, name, frames_per_second, playback, repeats)"
            " update(name, frames_per_second, playback, repeats, deleted_at)"
        ),
        admin=(
            "select"
            " insert(user_id, character_id, name, frames_per_second, playback, repeats)"
            " update(name, frames_per_second, playback, repeats, deleted_at)"
        ),
        readonly="select",
    ),
    "studio.frames": Walls(
        owner="user_id",
        app=(
            "select update(duration_ms, pivot_x, pivot_y, source_x, source_y,"
            " source_width, source_height)"
        ),
        admin=(
            "select update(duration_ms, pivot_x, pivot_y, source_x, source_y,"
            " source_width, source_height)"
        ),
        readonly="select",
    ),
    "studio.tags": Walls(
        owner="user_id",
        app="select update(name, playback, repeats)",
        admin="select update(name, playback, repeats)",
        readonly="select",
    ),
    "studio.presets": Walls(
        owner="user_id",
        app="select update(name, settings)",
        admin="select update(name, settings)",
        readonly="select",
    ),
    "studio.standard_presets": Walls(
        owner=None,
        app="select",
        admin="select insert update delete",
        readonly="select",
    ),
    "studio.preset_choices": _KEPT,
    "studio.project_jobs": _KEPT,
    "studio.job_assets": _SEEN,
    "studio.step_specs": _SEEN,
    "studio.step_costs": _SEEN,
    "media.usages": _KEPT,
    "media.transitions": _SHOWN,
    "media.requests": _KEPT,
    "media.media_requests": _KEPT,
    "media.download_specs": _SEEN,
    "media.download_files": _SEEN,
    # An insert goes through media.submit_download.
    "media.downloads": Walls(
        owner="user_id",
        app="select insert",
        worker="select",
        admin="select insert",
        readonly="select",
    ),
    "media.youtube_downloads": _SEEN,
    "ops.notices": _KEPT,
    # Where a service stands in the own network, and what a failed check said, is no user's to know.
    "ops.services": Walls(
        owner=None,
        app="select(id, name, is_enabled, is_watched)",
        worker="select",
        admin=(
            "select delete"
            " insert(id, name, url, check_path, api_key_header, is_enabled, config,"
            " check_every_s, failures_to_go_down)"
            " update(name, url, check_path, api_key_header, is_enabled, config,"
            " check_every_s, failures_to_go_down)"
        ),
        readonly="select",
    ),
    "ops.service_secrets": Walls(owner=None, secret=("api_key_sealed",)),
    "ops.service_states": Walls(
        owner=None,
        app=(
            "select(service_id, state, span_began_at, stale_at, response_ms,"
            " last_check_at, last_change_at)"
        ),
        worker="select",
        admin="select",
        readonly="select",
    ),
    "audit.entries": _KEPT,
    "audit.columns": Walls(owner=None, admin="select", readonly="select"),
    "ops.service_spans": _SHOWN,
    "ops.service_status": _SHOWN,
    "ops.retentions": Walls(owner=None, admin="select update(days)", readonly="select"),
    "ops.imported": Walls(owner=None, admin="select", readonly="select"),
    "ops.import_refusals": Walls(owner=None, admin="select delete", readonly="select"),
    # Which farm the user moves to; only the DBA's command writes it.
    "ops.moves": _KEPT,
    "ops.farms": Walls(owner=None, app="select", admin="select", readonly="select"),
    "ops.placements": Walls(owner=None, admin="select", readonly="select"),
    "ops.here": Walls(
        owner=None,
        app="select",
        auth="select",
        worker="select",
        admin="select",
        readonly="select",
    ),
    "ops.limits": Walls(
        owner=None,
        app="select",
        admin=(
            "select delete insert(endpoint, max_requests, window_s)"
            " update(max_requests, window_s)"
        ),
        readonly="select",
    ),
    # Written by ops.take alone, so that nobody gives a request back.
    "ops.rate_limits": _KEPT,
    "ops.health_rules": Walls(
        owner=None,
        app="select",
        worker="select",
        admin="select update(warn_above, fail_above)",
        readonly="select",
    ),
    # An insert goes through studio.submit_step.
    "studio.steps": Walls(
        owner="user_id",
        app="select insert",
        worker="select",
        admin="select insert",
        readonly="select",
    ),
    # The files of erased users too: the janitor's functions hand them out.
    "ops.removals": Walls(owner="user_id", admin="select", readonly="select"),
}

CALLERS: Mapping[str, str] = {
    "audit.history(text,text,bigint)": "app admin readonly",
    "audit.shown(jsonb)": "app admin readonly",
    "audit.told(audit.operation,text[],jsonb,jsonb)": "app admin readonly",
    "ops.queue_stray(text,bigint)": "admin",
    "ops.sentence(text,text,text,text)": "app auth worker admin readonly",
    "identity.bind(text,uuid,text)": "public",
    "identity.bind_token(bytea,identity.token_role,uuid)": "public",
    "identity.note_token_use(bytea)": "public",
    "identity.check_session_token(bytea)": "auth",
    "identity.create_bootstrap_admin(text,text,text)": "auth",
    "identity.current_actor()": "public",
    "identity.current_user_id()": "public",
    "identity.end_session_token(uuid)": "app auth admin",
    "identity.end_session_tokens(uuid,uuid)": "app auth admin",
    "identity.end_web_session(uuid)": "app auth admin",
    "identity.end_web_sessions(uuid,uuid)": "app auth admin",
    "identity.issue_api_token(text,identity.token_role[],uuid,text,uuid,timestamp with time zone)": "app admin",
    "identity.issue_session_token(uuid,interval)": "auth",
    "identity.new_secret(text)": "app auth admin",
    "identity.rotate_api_token(uuid)": "app admin",
    "identity.check_here(uuid)": "app admin readonly",
    "identity.sweep(bigint)": "auth worker admin",
    "media.cancel_request(uuid,uuid)": "app admin",
    "media.claim_downloads(bigint,interval)": "worker",
    "media.decide_request(uuid,uuid,media.request_status,text)": "admin",
    "media.describe_download(uuid,uuid,integer,text,text)": "worker",
    "media.finish_download(uuid,uuid,integer,text[],bigint[])": "worker",
    "media.forget_removed(text[],uuid)": "app admin",
    "media.lacks_specification(uuid,uuid)": "admin readonly",
    "media.list_requests(media.request_status,uuid,bigint)": "admin readonly",
    "media.make_available(media.media_type,integer,integer,boolean)": "admin",
    "media.mark_missing(uuid,uuid)": "admin",
    "media.may_become(media.file_state,media.file_state)": "app worker admin readonly",
    "media.may_become(media.request_status,media.request_status)": "app worker admin readonly",
    "media.problems()": "admin readonly",
    "media.remove_files(uuid[],uuid)": "app admin",
    "media.report_files(uuid,uuid,integer,text[],media.file_state[],text[],text[],bigint[],text[],text[])": "worker",
    "media.retry_failed(uuid,text,uuid)": "app admin",
    "media.submit_download(text,text,text,jsonb,integer,text[],integer,integer,integer,timestamp with time zone,timestamp with time zone,text,uuid[],work.dependency_rule,boolean,uuid)": "app admin",
    "media.submit_requests(text,media.media_type,integer,integer[],boolean,text,uuid)": "app admin",
    "media.to_download(work.job_status,boolean)": "app worker admin readonly",
    "media.to_work(media.download_status)": "app worker admin readonly",
    "ops.claim_notices(bigint,interval)": "worker",
    "ops.claim_removals(bigint,interval)": "worker",
    "ops.confirm_notices(uuid[],uuid[])": "worker",
    "ops.confirm_removals(uuid[],uuid[])": "worker",
    "ops.fail_notice(uuid,uuid,text)": "worker",
    "ops.fail_removal(uuid,uuid,text)": "worker",
    "ops.applied_migrations()": "app worker admin readonly",
    "ops.health(jsonb)": "app worker admin readonly",
    "ops.list_service_secrets(text,bigint)": "worker",
    "ops.measure_farm()": "worker admin readonly",
    "ops.measure_server()": "app worker admin readonly",
    "ops.record_check(text,ops.service_state,bigint,text)": "worker",
    "ops.replace_service_secret(text,bytea,bytea)": "worker",
    "ops.service_secret(text)": "worker",
    "ops.service_uptime(text,timestamp with time zone,timestamp with time zone)": "app worker admin readonly",
    "ops.set_service_secret(text,bytea)": "admin",
    "ops.slowest_statements(bigint,boolean)": "app worker admin readonly",
    "ops.spoken(numeric,ops.health_unit)": "app worker admin readonly",
    "ops.import_rows(text,text,text,text)": "admin",
    "ops.take(text,integer)": "app admin",
    "ops.uncounted_because()": "app worker admin readonly",
    "ops.is_owners_uri(uuid,text)": "app worker admin readonly",
    "ops.json_problem(jsonb)": "app worker admin readonly",
    "ops.read_notices(uuid[],uuid)": "app admin",
    "ops.sweep(bigint,boolean)": "worker admin",
    "ops.uuidv7()": "app auth worker admin",
    "render.claim(bigint,interval)": "worker",
    "render.finish(uuid,uuid,integer,text[],bigint[],text[])": "worker",
    "render.has_long_name(text,render.path_style)": "app worker admin readonly",
    "render.is_folder_name(text)": "app worker admin readonly",
    "render.is_plain(jsonb)": "app worker admin readonly",
    "render.is_truthy(jsonb)": "app worker admin readonly",
    "render.lacks_specification(uuid,uuid)": "admin readonly",
    "render.nexrender_action_problem(jsonb,text)": "app worker admin readonly",
    "render.nexrender_asset_problem(jsonb,integer)": "app worker admin readonly",
    "render.nexrender_problem(jsonb)": "app worker admin readonly",
    "render.path_problem(text)": "app worker admin readonly",
    "render.path_style(text)": "app worker admin readonly",
    "render.relative_problem(text)": "app worker admin readonly",
    "render.set_names(uuid,text,text,uuid)": "app admin",
    "render.submit(text,text,text,text,text,text,integer,integer,integer,text,jsonb,integer,text[],integer,integer,integer,timestamp with time zone,timestamp with time zone,text,uuid[],work.dependency_rule,boolean,uuid)": "app admin",
    "render.submit_many(text[],text[],text[],text[],text[],text[],integer[],integer[],integer[],text[],jsonb[],integer[],integer[],text[],text[],jsonb,integer,integer,timestamp with time zone,timestamp with time zone,uuid)": "app admin",
    "render.to_render(work.job_status)": "app worker admin readonly",
    "render.to_work(render.render_status)": "app worker admin readonly",
    "render.uri_names(text)": "app worker admin readonly",
    "render.uri_problem(text)": "app worker admin readonly",
    "render.windows_problem(text)": "app worker admin readonly",
    "studio.abandon_asset(uuid,uuid)": "app admin",
    "studio.add_frames(uuid,integer[],uuid[],integer[],integer[],integer[],integer[],integer[],integer[],integer,uuid)": "app admin",
    "studio.add_inputs(uuid,uuid[],uuid)": "app admin",
    "studio.begin_asset(studio.asset_kind,bigint,text,uuid,text,text,jsonb,timestamp with time zone,uuid)": "app admin",
    "studio.begin_for_job(uuid,uuid,integer,studio.asset_kind,bigint,text,text,text,jsonb,timestamp with time zone)": "worker",
    "studio.cancel_jobs(uuid,text,uuid)": "app admin",
    "studio.claim_steps(bigint,interval)": "worker",
    "studio.clear_default_preset(studio.preset_kind,uuid)": "app admin",
    "studio.create_preset(studio.preset_kind,text,jsonb,boolean,uuid)": "app admin",
    "studio.create_project(text,text,jsonb,uuid)": "app admin",
    "studio.create_scenes(uuid,text[],text[],bigint[],jsonb[],integer,uuid)": "app admin",
    "studio.delete_asset(uuid,boolean,uuid)": "app admin",
    "studio.delete_frames(uuid,uuid[],uuid)": "app admin",
    "studio.delete_preset(uuid,uuid)": "app admin",
    "studio.delete_project(uuid,uuid)": "app admin",
    "studio.delete_scenes(uuid[],uuid)": "app admin",
    "studio.deleted_project_ids()": "app worker admin readonly",
    "studio.finish_step(uuid,uuid,integer,text,integer,bigint,bigint,bigint,jsonb,text)": "worker",
    "studio.finish_with_outputs(uuid,uuid,integer,text[],bigint[],text[])": "worker",
    "studio.import_aseprite(uuid,text,json,uuid,uuid)": "app admin",
    "studio.is_asset_used(uuid,uuid)": "admin readonly",
    "studio.keep_asset(uuid,bigint,bytea,text,integer,integer,bigint,uuid)": "app admin",
    "studio.keep_for_job(uuid,uuid,integer,uuid,bigint,bytea,text,integer,integer,bigint)": "worker",
    "studio.lacks_specification(uuid,uuid)": "admin readonly",
    "studio.link_jobs(uuid,uuid[],uuid)": "app admin",
    "studio.may_become(studio.asset_state,studio.asset_state)": "app worker admin readonly",
    "studio.may_become(studio.project_status,studio.project_status)": "app worker admin readonly",
    "studio.may_become(studio.scene_status,studio.scene_status)": "app worker admin readonly",
    "studio.move_frames(uuid,uuid[],integer,uuid)": "app admin",
    "studio.move_scene(uuid,integer,uuid)": "app admin",
    "studio.problems()": "admin readonly",
    "studio.purge_project(uuid,uuid)": "app admin",
    "studio.reorder_scenes(uuid,uuid[],uuid)": "app admin",
    "studio.report_step(uuid,uuid,integer,text,integer,bigint,bigint,bigint,jsonb,text)": "worker",
    "studio.restore_asset(uuid,uuid)": "app admin",
    "studio.restore_preset(uuid,uuid)": "app admin",
    "studio.restore_project(uuid,uuid)": "app admin",
    "studio.restore_scene(uuid,uuid)": "app admin",
    "studio.resume_steps(uuid,uuid,uuid)": "app admin",
    "studio.set_default_preset(uuid,uuid)": "app admin",
    "studio.set_durations(uuid,uuid[],integer[],uuid)": "app admin",
    "studio.set_tags(uuid,text[],integer[],integer[],studio.playback[],integer[],uuid)": "app admin",
    "studio.show_frames(uuid,uuid[],uuid[],uuid)": "app admin",
    "studio.submit_step(studio.step_kind,uuid,uuid,text,jsonb,integer,text[],integer,integer,integer,timestamp with time zone,timestamp with time zone,text,uuid[],work.dependency_rule,boolean,uuid)": "app admin",
    "studio.submit_steps(studio.step_kind[],uuid,uuid[],text[],jsonb[],integer[],integer[],text[],text[],jsonb,integer,integer,timestamp with time zone,timestamp with time zone,boolean,uuid[],work.dependency_rule,uuid)": "app admin",
    "studio.to_aseprite(uuid,boolean)": "app admin",
    "studio.unlink_jobs(uuid,uuid[],uuid)": "app admin",
    "work.accept(uuid,uuid,integer)": "worker",
    "work.append_log(uuid,uuid,integer,text,bigint)": "worker",
    "work.await_jobs(work.job_kind[],interval)": "worker",
    "work.cancel(uuid,text,uuid)": "app admin",
    "work.check_new_job(text,integer)": "app admin",
    "work.claim(bigint,work.job_kind[],interval)": "worker",
    "work.clear_ended_jobs(bigint)": "worker admin",
    "work.complete_held(uuid[],uuid[],integer[])": "worker",
    "work.count_needs(uuid,uuid)": "admin readonly",
    "work.current_worker()": "worker",
    "work.delete(uuid,uuid)": "app admin",
    "work.end_channel(uuid)": "app worker admin readonly",
    "work.fail(uuid,uuid,integer,text,text,bigint)": "worker",
    "work.finish(uuid,uuid,integer)": "worker",
    "work.finish_and_claim(uuid[],uuid[],integer[],bigint,work.job_kind[],interval)": "worker",
    "work.finish_many(uuid[],uuid[],integer[])": "worker",
    "work.heartbeat(uuid,uuid,integer,integer,interval)": "worker",
    "work.heartbeat_many(uuid[],uuid[],integer[],integer[],interval)": "worker",
    "work.holder(text)": "app worker admin readonly",
    "work.is_lane_paused(text[])": "admin readonly",
    "work.is_lost(uuid,uuid)": "admin readonly",
    "work.lacks_specification(uuid,uuid,work.job_kind)": "admin readonly",
    "work.link(uuid,uuid[],work.dependency_rule,uuid)": "app admin",
    "work.list_own_jobs(work.job_status,work.job_kind,uuid,bigint)": "app admin",
    "work.list_held_jobs(text)": "worker admin readonly",
    "work.may_become(work.job_status,work.job_status)": "app worker admin readonly",
    "work.mend()": "admin",
    "work.pause(text,text)": "admin",
    "work.pause_user(uuid,text)": "admin",
    "work.problems()": "admin readonly",
    "work.refuse_lost_lease()": "worker",
    "work.register(work.job_kind[],text[],text)": "worker",
    "work.release(uuid,uuid,integer)": "worker",
    "work.report(uuid,uuid,integer,work.outcome,text,text,bigint)": "worker",
    "work.resume(text)": "admin",
    "work.resume_user(uuid)": "admin",
    "work.set_auto_cancel(uuid,timestamp with time zone,uuid)": "app admin",
    "work.set_due(uuid,timestamp with time zone,uuid)": "app admin",
    "work.set_priority(uuid,integer,uuid)": "app admin",
    "work.stop(uuid,uuid,integer)": "worker",
    "work.stop_waiting()": "worker",
    "work.sweep(bigint)": "worker admin",
    "work.try_again(uuid,uuid)": "app admin",
    "work.unlink(uuid,uuid[],uuid)": "app admin",
    "work.validate(bigint,work.job_kind[],interval)": "worker",
    "work.wake_channel(text)": "worker",
    "work.wake_waiting()": "worker",
    "work.watch(uuid,uuid)": "app admin",
}
"""Which roles may execute which function; nobody executes what is not here."""

BINDING = frozenset({"bind", "bind_token", "note_token_use"})
"""The functions that say for whom a transaction acts. Whoever sends raw SQL may call them again
(docs/isolation.md, what the walls do not stop), so they are no door between two users."""

SCHEMA_USERS: Mapping[str, str] = {
    "identity": "public",
    "work": "app worker admin readonly",
    "render": "app worker admin readonly",
    "studio": "app worker admin readonly",
    "media": "app worker admin readonly",
    "ops": "app auth worker admin readonly",
    "audit": "app admin readonly",
    "authjs": "auth",
}
"""Which roles may look into which schema. Nobody but the owner may create in one."""

ORACLES: Mapping[str, str] = {
    "api_tokens_token_hash_key": (
        "Unique in the world. Who can name a hash that is taken has the secret already."
    ),
}
"""Unique keys that span users and that a user may write: a refusal tells that the value is taken."""

LONE_REFERENCES: Mapping[str, str] = {
    "api_tokens_for_user_id_fkey": (
        "A check holds it equal to user_id for a token that has a user."
    ),
}
"""Foreign keys between users' tables without the owner in them, each with what keeps them honest."""
