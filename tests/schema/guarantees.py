"""What a table promises beyond its constraints: the values that are always there, and those it gives.

A rule that walks the catalog does not miss what is no longer in it, so what must be there is
written down here, room by room. The constraints stand in tests/api/provocations.py, with the
rows that break them; grants and policies in tests/isolation/expectations.py.
"""

from __future__ import annotations

from collections.abc import Mapping

Table = tuple[str, str]

ROOMS = ("identity", "work", "render", "studio", "media", "ops", "audit")
"""The rooms whose tables all stand here."""

REQUIRED: Mapping[Table, str] = {
    ("identity", "plans"): "id name share created_at updated_at",
    ("identity", "users"): (
        "id plan_id farm_id role status is_bootstrap is_password_change_due created_at"
        " updated_at"
    ),
    ("identity", "user_secrets"): "user_id",
    ("identity", "owners"): "user_id arrived_at",
    ("identity", "bootstraps"): "is_done done_at",
    ("identity", "macos_accounts"): "id user_id name created_at",
    ("identity", "accounts"): (
        "id user_id type provider provider_account_id created_at"
    ),
    ("identity", "account_secrets"): "account_id",
    ("identity", "web_sessions"): "id user_id session_token created_at expires_at",
    ("identity", "session_tokens"): "id user_id token_hash created_at expires_at",
    ("identity", "api_tokens"): "id name prefix token_hash roles created_at",
    ("identity", "verification_tokens"): "identifier token created_at expires_at",
    ("work", "error_classes"): "name is_retried meaning",
    ("work", "transitions"): "before after reason",
    ("work", "labels"): "name declared_by declared_at",
    ("work", "workers"): "name kinds labels registered_at seen_at",
    ("work", "usages"): "user_id active_jobs daily_jobs counted_on",
    ("work", "jobs"): (
        "user_id id kind status priority progress attempt failures max_failures lost_leases"
        " backoff_s needs_left is_unchecked is_watched queued_at labels submitted_by"
    ),
    ("work", "events"): (
        "user_id id job_id attempt before after made_in happened_at actor"
    ),
    ("work", "logs"): "user_id job_id position attempt chunk written_at",
    ("work", "dependencies"): "user_id job_id needs_job_id on_failure",
    ("work", "lanes"): (
        "id kind labels priority is_paused turn floor moved_at opened_at is_closing"
    ),
    ("work", "worker_lanes"): "worker lane_id",
    ("work", "turns"): "user_id lane_id is_farms next_turn",
    ("work", "ready"): "lane_id turn job_id user_id",
    ("work", "arrivals"): "user_id job_id",
    ("work", "leftovers"): "user_id id job_id",
    ("work", "reports"): "user_id job_id attempt held_by actor reported_at",
    ("work", "duties"): "name",
    ("work", "pauses"): "label paused_by paused_at",
    ("work", "user_pauses"): "user_id paused_by paused_at",
    ("work", "waits"): "worker kinds labels",
    ("render", "specs"): "user_id job_id output_path",
    ("render", "outputs"): "user_id id job_id attempt path created_at",
    (
        "studio",
        "usages",
    ): "user_id is_farms living_projects stored_bytes reserved_bytes",
    ("studio", "transitions"): "subject before after reason",
    ("studio", "projects"): "user_id id status title config created_at updated_at",
    ("studio", "scenes"): "user_id id project_id status config created_at updated_at",
    ("studio", "assets"): (
        "user_id id kind state uri size_bytes created_at updated_at"
    ),
    ("studio", "characters"): (
        "user_id id project_id name config created_at updated_at"
    ),
    ("studio", "animations"): (
        "user_id id project_id character_id name frames_per_second playback created_at"
        " updated_at"
    ),
    ("studio", "frames"): ("user_id id project_id animation_id position duration_ms"),
    ("studio", "tags"): (
        "user_id id project_id animation_id name first_position last_position playback"
    ),
    ("studio", "presets"): (
        "user_id id kind name settings is_default created_at updated_at"
    ),
    ("studio", "standard_presets"): "id kind name settings is_default",
    ("studio", "project_jobs"): "user_id job_id project_id linked_at",
    ("studio", "step_specs"): ("user_id job_id step last_completed_part config result"),
    ("studio", "step_costs"): (
        "user_id job_id step tokens_in tokens_out cost_micros attempt earlier_tokens_in"
        " earlier_tokens_out earlier_cost_micros submitted_at"
    ),
    ("studio", "job_assets"): "user_id job_id asset_id use",
    ("media", "usages"): "user_id daily_requests daily_downloads counted_on",
    ("media", "transitions"): "subject before after reason",
    ("media", "requests"): ("user_id id status title media_type is_4k requested_at"),
    ("media", "download_specs"): "user_id job_id playlist_url options",
    ("media", "download_files"): ("user_id id position video_id state tries found_at"),
    ("ops", "farms"): "id name",
    ("ops", "here"): "farm_id is_home",
    ("ops", "moves"): "user_id to_farm_id began_at",
    ("ops", "placements"): "table_name placed is_published",
    ("ops", "notices"): "user_id id topic body tries created_at",
    ("ops", "removals"): "user_id id uri size_bytes reason tries due_at created_at",
    ("ops", "sweep_parts"): "position what function_name is_urgent",
    ("ops", "services"): (
        "id name check_path is_enabled config check_every_s failures_to_go_down"
        " created_at updated_at updated_by"
    ),
    ("ops", "service_secrets"): "service_id api_key_sealed",
    ("ops", "service_states"): "service_id state stale_at told failures",
    ("ops", "service_spans"): "service_id ended_at began_at state",
    ("ops", "retentions"): ("name days least_days sentence updated_at updated_by"),
    ("ops", "limits"): (
        "endpoint max_requests window_s created_at updated_at updated_by"
    ),
    ("ops", "imported"): ("kind source old_id table_name row_key changes imported_at"),
    ("ops", "import_refusals"): "kind source old_id reason old_row refused_at",
    ("ops", "rate_limits"): "user_id endpoint window_s slot used earlier idle_at",
    ("ops", "health_rules"): (
        "name position unit is_callers sentence remedy updated_at updated_by"
    ),
    ("audit", "entries"): (
        "user_id id happened_at transaction_id actor login table_name row_key operation"
        " changed"
    ),
    ("audit", "columns"): "table_name column_name rule",
}
"""The columns that are never null."""

_ID = "id between ops.first_uuidv7(now()) and ops.uuidv7()"
_NOW = "created_at = now()"
_UPDATED = "updated_at = now()"
_ACTOR = "declared_by = identity.current_actor()"
_UPDATED_BY = "updated_by = identity.current_actor()"
_PAUSED_BY = "paused_by = identity.current_actor()"

GIVEN: Mapping[Table, Mapping[str, str]] = {
    ("identity", "plans"): {
        "share": "share = 1",
        "created_at": _NOW,
        "updated_at": _UPDATED,
    },
    ("identity", "users"): {
        "id": _ID,
        "plan_id": "plan_id = 'free'",
        "farm_id": "farm_id = 1",
        "role": "role = 'user'",
        "status": "status = 'active'",
        "is_bootstrap": "not is_bootstrap",
        "is_password_change_due": "not is_password_change_due",
        "created_at": _NOW,
        "updated_at": _UPDATED,
    },
    ("identity", "owners"): {"arrived_at": "arrived_at = now()"},
    ("identity", "bootstraps"): {"is_done": "is_done", "done_at": "done_at = now()"},
    ("identity", "macos_accounts"): {"id": _ID, "created_at": _NOW},
    ("identity", "accounts"): {"id": _ID, "created_at": _NOW},
    ("identity", "web_sessions"): {"id": _ID, "created_at": _NOW},
    ("identity", "session_tokens"): {"id": _ID, "created_at": _NOW},
    ("identity", "api_tokens"): {"id": _ID, "created_at": _NOW},
    ("identity", "verification_tokens"): {"created_at": _NOW},
    ("work", "labels"): {"declared_by": _ACTOR, "declared_at": "declared_at = now()"},
    ("work", "workers"): {
        "labels": "labels = '{}'",
        "registered_at": "registered_at = now()",
        "seen_at": "seen_at = now()",
    },
    ("work", "usages"): {
        "active_jobs": "active_jobs = 0",
        "daily_jobs": "daily_jobs = 0",
        "counted_on": "counted_on = (now() at time zone 'utc')::date",
    },
    ("work", "jobs"): {
        "id": _ID,
        "status": "status = 'queued'",
        "priority": "priority = 5",
        "progress": "progress = 0",
        "attempt": "attempt = 0",
        "failures": "failures = 0",
        "max_failures": "max_failures = 3",
        "lost_leases": "lost_leases = 0",
        "backoff_s": "backoff_s = 10",
        "needs_left": "needs_left = 0",
        "is_unchecked": "not is_unchecked",
        "is_watched": "not is_watched",
        "queued_at": "queued_at = now()",
        "labels": "labels = '{}'",
        "submitted_by": "submitted_by = identity.current_actor()",
    },
    ("work", "events"): {
        "made_in": "made_in = pg_current_xact_id()",
        "happened_at": "happened_at = now()",
    },
    ("work", "logs"): {"written_at": "written_at = now()"},
    ("work", "dependencies"): {"on_failure": "on_failure = 'cancel'"},
    ("work", "lanes"): {
        "labels": "labels = '{}'",
        "is_paused": "not is_paused",
        "turn": "turn = 0",
        "floor": "floor = 0",
        "moved_at": "moved_at = now()",
        "opened_at": "opened_at = now()",
        "is_closing": "not is_closing",
    },
    ("work", "reports"): {
        "actor": "actor = identity.current_actor()",
        "reported_at": "reported_at = now()",
    },
    ("work", "pauses"): {"paused_by": _PAUSED_BY, "paused_at": "paused_at = now()"},
    ("work", "user_pauses"): {
        "paused_by": _PAUSED_BY,
        "paused_at": "paused_at = now()",
    },
    ("render", "outputs"): {"id": _ID, "created_at": _NOW},
    ("studio", "usages"): {
        "living_projects": "living_projects = 0",
        "stored_bytes": "stored_bytes = 0",
        "reserved_bytes": "reserved_bytes = 0",
    },
    ("studio", "projects"): {
        "id": _ID,
        "status": "status = 'draft'",
        "config": "config = '{}'",
        "created_at": _NOW,
        "updated_at": _UPDATED,
    },
    ("studio", "scenes"): {
        "id": _ID,
        "status": "status = 'pending'",
        "config": "config = '{}'",
        "created_at": _NOW,
        "updated_at": _UPDATED,
    },
    ("studio", "assets"): {
        "id": _ID,
        "state": "state = 'reserved'",
        "created_at": _NOW,
        "updated_at": _UPDATED,
        "sweep_at": "sweep_at = now() + interval '1 day'",
    },
    ("studio", "characters"): {
        "id": _ID,
        "config": "config = '{}'",
        "created_at": _NOW,
        "updated_at": _UPDATED,
    },
    ("studio", "animations"): {
        "id": _ID,
        "frames_per_second": "frames_per_second = 12",
        "playback": "playback = 'forward'",
        "created_at": _NOW,
        "updated_at": _UPDATED,
    },
    ("studio", "frames"): {"id": _ID},
    ("studio", "tags"): {"id": _ID, "playback": "playback = 'forward'"},
    ("studio", "presets"): {
        "id": _ID,
        "settings": "settings = '{}'",
        "is_default": "not is_default",
        "created_at": _NOW,
        "updated_at": _UPDATED,
    },
    ("studio", "standard_presets"): {
        "settings": "settings = '{}'",
        "is_default": "not is_default",
    },
    ("studio", "project_jobs"): {"linked_at": "linked_at = now()"},
    ("studio", "step_specs"): {
        "last_completed_part": "last_completed_part = 0",
        "config": "config = '{}'",
        "result": "result = '{}'",
    },
    ("media", "usages"): {
        "daily_requests": "daily_requests = 0",
        "daily_downloads": "daily_downloads = 0",
        "counted_on": "counted_on = (now() at time zone 'utc')::date",
    },
    ("media", "requests"): {
        "id": _ID,
        "status": "status = 'pending'",
        "is_4k": "not is_4k",
        "requested_at": "requested_at = now()",
    },
    ("media", "download_specs"): {"options": "options = '{}'"},
    ("media", "download_files"): {
        "id": _ID,
        "state": "state = 'found'",
        "tries": "tries = 0",
        "found_at": "found_at = now()",
    },
    ("ops", "notices"): {
        "id": _ID,
        "body": "body = '{}'",
        "tries": "tries = 0",
        "due_at": "due_at = now()",
        "created_at": _NOW,
    },
    ("ops", "services"): {
        "check_path": "check_path = '/'",
        "is_enabled": "is_enabled",
        "is_watched": "is_watched = (is_enabled and url is not null)",
        "config": "config = '{}'",
        "check_every_s": "check_every_s = 60",
        "failures_to_go_down": "failures_to_go_down = 3",
        "created_at": _NOW,
        "updated_at": _UPDATED,
        "updated_by": _UPDATED_BY,
    },
    ("ops", "service_states"): {
        "state": "state = 'unknown'",
        "stale_at": "stale_at = now()",
        "told": "told = 'unknown'",
        "failures": "failures = 0",
    },
    ("ops", "here"): {"farm_id": "farm_id = 1", "is_home": "is_home"},
    ("ops", "moves"): {"began_at": "began_at = now()"},
    ("ops", "retentions"): {"updated_at": _UPDATED, "updated_by": _UPDATED_BY},
    ("ops", "limits"): {
        "created_at": _NOW,
        "updated_at": _UPDATED,
        "updated_by": _UPDATED_BY,
    },
    ("ops", "imported"): {
        "changes": "changes = '{}'",
        "imported_at": "imported_at = now()",
    },
    ("ops", "import_refusals"): {"refused_at": "refused_at = now()"},
    ("ops", "health_rules"): {
        "is_callers": "not is_callers",
        "updated_at": _UPDATED,
        "updated_by": _UPDATED_BY,
    },
    ("audit", "entries"): {
        "happened_at": "happened_at = now()",
        "transaction_id": "transaction_id = pg_current_xact_id()",
        "actor": "actor = identity.current_actor()",
        "bound_user_id": "bound_user_id is not distinct from identity.current_user_id()",
        "login": "login = session_user",
        "changed": "changed = '{}'",
    },
    ("studio", "step_costs"): {
        "tokens_in": "tokens_in = 0",
        "tokens_out": "tokens_out = 0",
        "cost_micros": "cost_micros = 0",
        "attempt": "attempt = 0",
        "earlier_tokens_in": "earlier_tokens_in = 0",
        "earlier_tokens_out": "earlier_tokens_out = 0",
        "earlier_cost_micros": "earlier_cost_micros = 0",
        "submitted_at": "submitted_at = now()",
    },
    ("ops", "removals"): {
        "id": _ID,
        "size_bytes": "size_bytes = 0",
        "tries": "tries = 0",
        "due_at": "due_at = now()",
        "created_at": _NOW,
    },
}
"""What a column holds when a row is inserted without it."""

UNWALLED: Mapping[str, str] = {
    "identity": "bootstraps plans verification_tokens",
    "work": (
        "duties error_classes labels lanes pauses transitions waits worker_lanes workers"
    ),
    "studio": "standard_presets transitions",
    "media": "transitions",
    "audit": "columns",
    "ops": (
        "farms health_rules here import_refusals imported limits placements retentions"
        " service_spans service_states services sweep_parts"
    ),
}
"""The tables without row security: their rows are everybody's, or nobody's but by functions."""

ALWAYS = frozenset({"users_admit_owner", "users_end_owner"})
"""The triggers that fire under logical replication too."""

DEFINERS: Mapping[str, str] = {
    "audit": (
        "note_audit_columns note_identity_accounts note_identity_api_tokens"
        " note_identity_macos_accounts note_identity_plans"
        " note_identity_session_tokens note_identity_user_secrets note_identity_users"
        " note_media_download_specs note_media_requests note_ops_health_rules"
        " note_ops_limits note_ops_retentions note_ops_service_secrets"
        " note_ops_services note_studio_animations note_studio_assets"
        " note_studio_characters note_studio_presets note_studio_projects"
        " note_studio_scenes note_studio_standard_presets note_work_error_classes"
        " note_work_pauses note_work_user_pauses"
    ),
    "identity": (
        "admit_owner create_bootstrap_admin end_access end_erased_owner end_owner"
        " end_session_token end_session_tokens end_web_session end_web_sessions sweep"
    ),
    "media": (
        "cancel_request claim_downloads decide_request describe_download"
        " finish_download forget_removed list_requests make_available mark_missing"
        " note_removal remove_files report_files retry_failed submit_download"
        " submit_requests"
    ),
    "ops": (
        "applied_migrations claim_notices claim_removals confirm_notices"
        " confirm_removals fail_notice fail_removal import_rows list_service_secrets"
        " measure_farm queue_stray read_notices record_check replace_service_secret"
        " service_secret set_service_secret sweep take"
    ),
    "render": ("claim finish set_names submit submit_many"),
    "studio": (
        "abandon_asset add_frames add_inputs begin_asset begin_for_job cancel_jobs"
        " claim_steps clear_default_preset create_preset create_project create_scenes"
        " delete_asset delete_frames delete_preset delete_project delete_scenes"
        " follow_character import_aseprite keep_asset keep_for_job link_jobs"
        " move_frames move_scene note_removal purge_project refuse_deleted_project"
        " reorder_scenes report_step restore_asset restore_preset restore_project"
        " restore_scene resume_steps set_default_preset set_durations set_tags"
        " show_frames submit_step submit_steps unlink_jobs"
    ),
    "work": (
        "append_log await_jobs cancel claim clear_ended_jobs complete_held delete"
        " heartbeat_many link list_held_jobs list_own_jobs mend pause pause_user"
        " register report resume resume_user set_auto_cancel set_due set_priority"
        " stop_waiting try_again unlink validate wake_waiting watch"
    ),
}
"""The functions that run with more rights than whoever calls them, or whose statement fires them."""

PINNED: Mapping[str, str] = {
    "TimeZone=UTC": (
        "identity.import_account identity.import_api_token"
        " identity.import_session_token identity.import_user"
        " identity.import_verification_token identity.import_web_session"
        " media.import_download media.import_request"
    ),
    "TimeZone=UTC enable_hashjoin=off enable_mergejoin=off enable_seqscan=off jit=off": (
        "render.import_jobs"
    ),
    "TimeZone=UTC enable_seqscan=off jit=off": ("work.import_jobs"),
    "enable_bitmapscan=off enable_hashjoin=off enable_mergejoin=off enable_seqscan=off enable_sort=off jit=off plan_cache_mode=force_generic_plan": (
        "work.claim"
    ),
    "enable_bitmapscan=off enable_hashjoin=off enable_mergejoin=off enable_seqscan=off jit=off max_parallel_workers_per_gather=0": (
        "ops.measure_farm"
    ),
    "enable_bitmapscan=off enable_seqscan=off enable_sort=off jit=off": (
        "media.list_requests work.list_own_jobs"
    ),
    "enable_hashjoin=off enable_mergejoin=off enable_seqscan=off jit=off": (
        "media.claim_downloads ops.claim_notices ops.claim_removals ops.clear_notices"
        " ops.clear_rate_limits ops.confirm_notices ops.confirm_removals"
        " ops.import_rows render.claim studio.cancel_jobs studio.claim_steps"
        " studio.end_jobs studio.end_late_jobs studio.purge_projects"
        " studio.resume_steps work.ask_to_cancel work.cancel_waiting"
        " work.clear_ended_jobs work.clear_ended_jobs_of work.end_run work.enter_line work.leave_line"
        " work.open_lanes work.refresh work.settle work.submit_many"
    ),
    "enable_hashjoin=off enable_mergejoin=off enable_seqscan=off jit=off plan_cache_mode=force_generic_plan": (
        "audit.clear_entries media.report_files work.cancel_deactivated"
        " work.complete_held work.heartbeat_many work.lift_stragglers work.look_again"
        " work.mend_pauses work.validate"
    ),
    "jit=off work_mem=64MB": ("render.submit_many studio.submit_steps"),
    "enable_seqscan=off enable_sort=off jit=off lock_timeout=100ms plan_cache_mode=force_generic_plan": (
        "work.expire_leases"
    ),
    "enable_seqscan=off enable_sort=off jit=off plan_cache_mode=force_generic_plan": (
        "work.cancel_late work.release_due"
    ),
    "enable_seqscan=off jit=off": (
        "audit.history media.cancel_request media.charge"
        " media.clear_files media.decide_request media.describe_download"
        " media.finish_download media.forget_removed media.lock_request"
        " media.make_available media.mark_missing media.remove_files"
        " media.retry_failed media.submit_requests media.want_again"
        " ops.clear_service_spans ops.fail_notice ops.fail_removal ops.queue_stray"
        " ops.read_notices ops.take render.finish render.set_names"
        " studio.abandon_asset studio.add_frames studio.add_inputs"
        " studio.begin_for_job studio.charge studio.check_project_lives"
        " studio.clear_default_preset studio.clear_step_costs studio.create_scenes"
        " studio.delete_asset studio.delete_frames studio.delete_preset"
        " studio.delete_project studio.delete_scenes studio.follow_character"
        " studio.hold_steps studio.import_aseprite studio.keep_asset"
        " studio.keep_for_job studio.link_jobs studio.lock_animation studio.lock_asset"
        " studio.lock_preset studio.lock_presets studio.lock_project"
        " studio.move_frames studio.move_scene studio.purge_presets"
        " studio.purge_project studio.refuse_deleted_project studio.reorder_scenes"
        " studio.report_step studio.restore_asset studio.restore_preset"
        " studio.restore_project studio.restore_scene studio.scene_project"
        " studio.set_default_preset studio.set_durations studio.set_tags"
        " studio.show_frames studio.specify_steps studio.sweep_assets"
        " studio.to_aseprite studio.unlink_jobs studio.use_assets work.ask_again"
        " work.cancel work.charge_jobs work.check_lease work.close_lanes work.delete"
        " work.hold_lease work.link work.list_held_jobs work.lock_job work.note_report"
        " work.owner_of work.report work.set_auto_cancel work.set_due"
        " work.set_priority work.try_again work.unlink work.wake_waiting work.watch"
    ),
    "enable_seqscan=off jit=off lock_timeout=1ms": ("work.delete_free"),
    "enable_seqscan=off jit=off lock_timeout=100ms": ("identity.sweep"),
    "enable_seqscan=off jit=off lock_timeout=5s": ("work.pause_user work.resume_user"),
    "enable_seqscan=off jit=off plan_cache_mode=force_generic_plan": (
        "work.carry_reports work.submit"
    ),
    "jit=off": ("ops.measure_server ops.slowest_statements ops.uncounted_because"),
    "lock_timeout=1ms": ("identity.end_owner"),
    "lock_timeout=5s": ("work.pause work.resume"),
    "plan_cache_mode=force_generic_plan": ("work.show_lanes"),
    "standard_conforming_strings=on": ("render.path_problem"),
}
"""What functions set for themselves beside their search_path, and which ones."""
