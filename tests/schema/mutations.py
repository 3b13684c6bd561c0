"""Ways in which a live database parts from its migrations, each with what is to be said of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutation:
    """Statements of a superuser, and every sentence that they are to cause."""

    sql: str
    sentences: tuple[str, ...]
    since: int = 15
    """The first major version that knows the statement."""


def _m(sql: str, *sentences: str, since: int = 15) -> Mutation:
    return Mutation(sql, sentences, since)


MUTATIONS = (
    # The database and the roles.
    _m(
        "do $$ begin execute format('grant temporary on database %I to public',"
        " current_database()); end $$",
        "Everybody may make temporary tables in the database; the migrations take that right away.",
    ),
    _m(
        "do $$ begin execute format('grant create on database %I to public',"
        " current_database()); end $$",
        "Everybody may create schemas in the database; the migrations let nobody.",
    ),
    _m(
        "grant create on schema public to public",
        "Everybody may create objects in the schema public; on a new database nobody may.",
    ),
    _m(
        "alter role renderstore_app bypassrls",
        "The role renderstore_app bypasses row-level security; the migrations hold it to its policies.",
    ),
    _m(
        "alter role renderstore_worker login",
        "The role renderstore_worker may log in; the migrations do not let it.",
    ),
    _m(
        "alter role renderstore_readonly noinherit",
        "The role renderstore_readonly inherits nothing of what it is granted; the migrations let it.",
    ),
    _m(
        "comment on role renderstore_app is 'Ours.'",
        'The comment of the role renderstore_app is "Ours."; the migrations say'
        ' "Acts for one user: sees and changes that user\'s rows.".',
    ),
    _m(
        "grant renderstore_admin to renderstore_app",
        "renderstore_app is a member of renderstore_admin; the migrations do not make it one.",
    ),
    _m(
        "alter default privileges for role renderstore_owner grant execute on functions to public",
        "The default privileges of renderstore_owner for functions are missing.",
    ),
    _m(
        "alter default privileges for role renderstore_owner in schema work"
        " grant select on tables to renderstore_app",
        "The default privileges of renderstore_owner for tables in work are changed;"
        " the migrations leave them.",
    ),
    _m(
        "create function public.fires() returns event_trigger language plpgsql as"
        " 'begin end'; create event trigger watch on ddl_command_end execute function public.fires()",
        "The event trigger watch is there; the migrations make none of that name.",
    ),
    # Schemas.
    _m(
        "drop schema authjs cascade",
        "The schema authjs is missing.",
    ),
    _m(
        "alter schema ops owner to pg_monitor",
        "The schema ops belongs to pg_monitor; the migrations give it to renderstore_owner.",
    ),
    _m(
        "grant usage on schema studio to public",
        "Everybody may use the schema studio; the migrations do not grant that.",
    ),
    _m(
        "revoke usage on schema ops from renderstore_auth",
        "renderstore_auth may not use the schema ops; the migrations grant that.",
    ),
    # Tables.
    _m(
        "alter table studio.projects disable row level security",
        "Row-level security of the table studio.projects is off: its policies hold nobody.",
    ),
    _m(
        "alter table studio.projects no force row level security",
        "Row-level security of the table studio.projects is not forced: its policies do not hold its owner.",
    ),
    _m(
        "alter table work.jobs set (fillfactor = 90)",
        "The table work.jobs has the options fillfactor=90; the migrations say fillfactor=60.",
    ),
    _m(
        "alter table identity.plans set (autovacuum_enabled = off)",
        "The table identity.plans has the options autovacuum_enabled=off; the migrations give it none.",
    ),
    _m(
        "alter table identity.plans owner to pg_monitor",
        "The table identity.plans belongs to pg_monitor; the migrations give it to renderstore_owner.",
    ),
    _m(
        "alter table work.jobs replica identity full",
        "The table work.jobs has the replica identity full; the migrations give it none.",
    ),
    _m(
        "drop table render.outputs cascade",
        "The table render.outputs is missing.",
    ),
    _m(
        "alter table render.outputs rename to results",
        "The table render.outputs is missing.",
        "The table render.results is there; the migrations make none of that name.",
    ),
    _m(
        "create table work.notes (id bigint generated always as identity primary key, jobs bigint);"
        " create index on work.notes (jobs); grant select on work.notes to public",
        "The table work.notes is there; the migrations make none of that name.",
    ),
    _m(
        "create table public.archive () inherits (work.jobs)",
        "The table work.jobs has the child tables public.archive; the migrations give it none.",
    ),
    _m(
        "comment on table work.jobs is null",
        "The table work.jobs has no comment; the migrations give it one.",
    ),
    _m(
        "create statistics work.together on status, kind from work.jobs",
        "The statistics object work.together is there; the migrations make none of that name.",
    ),
    _m(
        "create rule keep as on delete to work.jobs do instead nothing",
        "The rule keep of work.jobs is there; the migrations make none of that name.",
    ),
    # Columns.
    _m(
        "alter table work.jobs alter priority set default 9",
        "The column work.jobs.priority has the default 9; the migrations say 5.",
    ),
    _m(
        "alter table work.jobs alter attempt drop default",
        "The column work.jobs.attempt has no default; the migrations say 0.",
    ),
    _m(
        "alter table work.jobs alter held_by set default 'nobody'",
        "The column work.jobs.held_by has the default 'nobody'::text; the migrations give it none.",
    ),
    _m(
        "alter table work.jobs alter kind drop not null",
        "The column work.jobs.kind takes null; the migrations say not null.",
    ),
    _m(
        "alter table work.jobs alter held_by set not null",
        "The column work.jobs.held_by takes no null; the migrations let it.",
    ),
    _m(
        "alter table work.jobs add constraint held not null held_by not valid",
        "The column work.jobs.held_by takes no null; the migrations let it.",
        "The column work.jobs.held_by is not null for new rows alone: those before were not checked (NOT VALID).",
        since=18,
    ),
    _m(
        "alter table work.labels alter meaning type varchar(2000)",
        "The column work.labels.meaning has the type character varying(2000); the migrations say text.",
        "The definition of the constraint labels_meaning_is_short_check of work.labels differs from the migrations'.",
    ),
    _m(
        'alter table work.labels alter meaning type text collate "C"',
        'The column work.labels.meaning has the collation "C"; the migrations give it none.',
    ),
    _m(
        "alter table work.jobs add column colour text",
        "The column work.jobs.colour is there; the migrations make none of that name.",
    ),
    _m(
        "alter table work.labels drop column meaning",
        "The column work.labels.meaning is missing.",
        "The constraint labels_meaning_is_short_check of work.labels is missing.",
    ),
    _m(
        "comment on column work.jobs.kind is 'Its kind.'",
        'The comment of the column work.jobs.kind is "Its kind."; the migrations say "What the job does.".',
    ),
    _m(
        "alter table work.events alter id set generated by default",
        "The column work.events.id has the identity by default; the migrations say always.",
    ),
    _m(
        "alter table work.events alter id set cache 50",
        "The sequence work.events_id_seq has the cache 50; the migrations say 1.",
    ),
    # Constraints.
    _m(
        "alter table identity.users drop constraint users_plex_id_is_positive_check",
        "The constraint users_plex_id_is_positive_check of identity.users is missing.",
    ),
    _m(
        "alter table identity.users drop constraint users_plex_id_is_positive_check,"
        " add constraint users_plex_id_is_positive_check check (plex_id > 0) not valid;"
        " comment on constraint users_plex_id_is_positive_check on identity.users is"
        " 'A Plex id is a number above 0.'",
        "The constraint users_plex_id_is_positive_check of identity.users is not valid:"
        " rows from before it were not checked.",
    ),
    _m(
        "alter table work.jobs alter constraint jobs_user_id_fkey deferrable",
        "The definition of the constraint jobs_user_id_fkey of work.jobs differs from the migrations'.",
    ),
    _m(
        "alter table work.jobs alter constraint jobs_user_id_fkey not enforced",
        "The constraint jobs_user_id_fkey of work.jobs is not enforced: no row is checked.",
        since=18,
    ),
    _m(
        "alter table work.logs disable trigger all",
        "The constraint logs_user_id_job_id_fkey of work.logs is not enforced: its triggers are disabled.",
    ),
    _m(
        "alter table work.labels drop constraint labels_pkey",
        "The constraint labels_pkey of work.labels is missing.",
    ),
    _m(
        "comment on constraint jobs_pkey on work.jobs is 'Taken.'",
        'The comment of the constraint jobs_pkey of work.jobs is "Taken."; the migrations say'
        ' "There is already a job with this id.".',
    ),
    _m(
        "create table public.mine (user_id uuid, id uuid, constraint mine_job_fkey"
        " foreign key (user_id, id) references work.jobs)",
        "The constraint mine_job_fkey of public.mine is there; the migrations make none of that name.",
    ),
    # Indexes.
    _m("drop index work.jobs_due_idx", "The index work.jobs_due_idx is missing."),
    _m(
        "update pg_index set indisvalid = false where indexrelid = 'work.jobs_due_idx'::regclass",
        "The index work.jobs_due_idx is invalid: it costs writes and serves nobody.",
    ),
    _m(
        "drop index work.jobs_due_idx; create index jobs_due_idx on work.jobs (due_at)",
        "The definition of the index work.jobs_due_idx differs from the migrations'.",
    ),
    _m(
        "create index jobs_late_idx on work.jobs (queued_at)",
        "The index work.jobs_late_idx is there; the migrations make none of that name.",
    ),
    _m(
        "drop index identity.users_email_key;"
        " create index users_email_key on identity.users (email)"
        " where status in ('active', 'suspended');"
        " comment on index identity.users_email_key is 'Another user already has this e-mail address.'",
        "The definition of the index identity.users_email_key differs from the migrations'.",
    ),
    # Views.
    _m(
        "create or replace view authjs.verification_token as"
        " select identifier, expires_at as expires, token from identity.verification_tokens"
        " where expires_at > now()",
        "The query of the view authjs.verification_token differs from the migrations'.",
        "The view authjs.verification_token has no options; the migrations say security_invoker=true.",
    ),
    _m(
        "alter view work.history reset (security_invoker)",
        "The view work.history has no options; the migrations say security_invoker=true.",
    ),
    _m(
        "alter view media.media_requests rename to wishes",
        "The view media.media_requests is missing.",
        "The view media.wishes is there; the migrations make none of that name.",
    ),
    # Functions.
    _m(
        "create or replace function identity.lower_name() returns trigger language plpgsql"
        " set search_path = pg_catalog, pg_temp as $$ begin return new; end $$",
        "The body of the function identity.lower_name() differs from the migrations'.",
    ),
    _m(
        "create or replace function ops.uuidv7() returns uuid language sql volatile parallel safe"
        " return gen_random_uuid()",
        "The body of the function ops.uuidv7() differs from the migrations'.",
    ),
    _m(
        "alter function ops.sweep(bigint, boolean) security invoker",
        "The function ops.sweep(bigint,boolean) runs with its caller's rights; the migrations say its owner's.",
    ),
    _m(
        "alter function ops.sweep(bigint, boolean) reset search_path",
        "The function ops.sweep(bigint,boolean) has no settings;"
        " the migrations say search_path=pg_catalog, pg_temp.",
    ),
    _m(
        "alter function work.current_worker() volatile",
        "The function work.current_worker() has the volatility volatile; the migrations say stable.",
    ),
    _m(
        "alter function work.current_worker() parallel unsafe",
        "The function work.current_worker() has the parallel safety unsafe; the migrations say safe.",
    ),
    _m(
        "alter function work.current_worker() owner to pg_monitor",
        "The function work.current_worker() belongs to pg_monitor;"
        " the migrations give it to renderstore_owner.",
    ),
    _m(
        "grant execute on function work.cancel(uuid, text, uuid) to public",
        "Everybody may run the function work.cancel(uuid,text,uuid); the migrations do not grant that.",
    ),
    _m(
        "drop function work.cancel(uuid, text, uuid)",
        "The function work.cancel(uuid,text,uuid) is missing.",
    ),
    _m(
        "create function work.cancel(id uuid) returns void language sql begin atomic end",
        "The function work.cancel(uuid) is there; the migrations make none of that name.",
    ),
    # Triggers.
    _m(
        "alter table work.jobs disable trigger jobs_guard",
        "The trigger jobs_guard of work.jobs is disabled.",
    ),
    _m(
        "alter table work.jobs enable replica trigger jobs_guard",
        "The trigger jobs_guard of work.jobs fires for replication alone.",
    ),
    _m(
        "drop trigger jobs_guard on work.jobs",
        "The trigger jobs_guard of work.jobs is missing.",
    ),
    _m(
        "create or replace trigger jobs_guard before insert on work.jobs"
        " for each row execute function work.guard_job()",
        "The definition of the trigger jobs_guard of work.jobs differs from the migrations'.",
    ),
    # Policies.
    _m(
        "drop policy jobs_own on work.jobs",
        "The policy jobs_own of work.jobs is missing.",
    ),
    _m(
        "alter policy jobs_own on work.jobs using (true)",
        "The policy jobs_own of work.jobs has the using condition true; the migrations say"
        " (user_id = ( SELECT identity.current_user_id() AS current_user_id)).",
    ),
    _m(
        "alter policy users_own on identity.users with check (true)",
        "The policy users_own of identity.users has the check condition true; the migrations say"
        " (id = ( SELECT identity.current_user_id() AS current_user_id)).",
    ),
    _m(
        "alter policy jobs_own on work.jobs to public",
        "The policy jobs_own of work.jobs has the roles PUBLIC; the migrations say renderstore_app.",
    ),
    _m(
        "drop policy jobs_owner on work.jobs; create policy jobs_owner on work.jobs as restrictive"
        " for update to renderstore_owner using (true) with check (true)",
        "The policy jobs_owner of work.jobs has the command update; the migrations say all.",
        "The policy jobs_owner of work.jobs is restrictive; the migrations make it permissive.",
    ),
    # Types.
    _m(
        "alter type work.job_status add value 'lost'",
        "The type work.job_status has the value 'lost' more.",
    ),
    _m(
        "alter type studio.playback rename value 'reverse' to 'backwards'",
        "The type studio.playback has the value 'backwards' more. The type studio.playback lacks the value 'reverse'.",
    ),
    _m(
        "alter domain work.priority drop constraint priority_is_0_to_10_check",
        "The constraint priority_is_0_to_10_check of work.priority is missing.",
    ),
    _m(
        "alter domain work.priority set default 3",
        "The type work.priority has the default 3; the migrations give it none.",
    ),
    _m(
        "create type work.size as (width integer, height integer)",
        "The type work.size is there; the migrations make none of that name.",
    ),
    _m(
        "revoke usage on type work.job_status from public",
        "Everybody may not use the type work.job_status; the migrations grant that.",
    ),
    # Grants on tables, columns and sequences.
    _m(
        "grant insert, update on work.jobs to renderstore_app",
        "renderstore_app may insert into and update the table work.jobs; the migrations do not grant that.",
    ),
    _m(
        "grant select on work.jobs to pg_monitor",
        "pg_monitor may read the table work.jobs; the migrations do not grant that.",
    ),
    _m(
        "grant select on work.jobs to renderstore_app with grant option",
        "renderstore_app may let others read the table work.jobs; the migrations do not grant that.",
    ),
    _m(
        "grant maintain on work.jobs to renderstore_worker",
        "renderstore_worker may maintain the table work.jobs; the migrations do not grant that.",
        since=17,
    ),
    _m(
        "revoke select on work.jobs from renderstore_worker",
        "renderstore_worker may not read the table work.jobs; the migrations grant that.",
    ),
    _m(
        "grant update (email) on identity.users to renderstore_app",
        "renderstore_app may update the column identity.users.email; the migrations do not grant that.",
    ),
    _m(
        "revoke update (plan_id) on identity.users from renderstore_admin",
        "renderstore_admin may not update the column identity.users.plan_id; the migrations grant that.",
    ),
    _m(
        "revoke delete, select on work.jobs from renderstore_owner",
        "The owner of the table work.jobs may not delete from or read it; the migrations leave it every right.",
    ),
    _m(
        "grant usage on sequence work.events_id_seq to renderstore_app",
        "renderstore_app may use the sequence work.events_id_seq; the migrations do not grant that.",
    ),
    # Nothing of ours.
    _m(
        "create table ops.theirs (id bigint primary key, note text check (note <> ''));"
        " create index on ops.theirs (note); create view ops.their_view as select 1 as one;"
        " create function ops.their_function() returns void language sql begin atomic end;"
        " create type ops.their_type as enum ('a'); create sequence ops.their_sequence;"
        " create trigger theirs_set before update on ops.theirs"
        " for each row execute function ops.set_updated_at();"
        " create policy theirs_all on ops.theirs; create rule theirs_none as on delete to ops.theirs"
        " do instead nothing;"
        " alter extension plpgsql add table ops.theirs;"
        " alter extension plpgsql add view ops.their_view;"
        " alter extension plpgsql add function ops.their_function();"
        " alter extension plpgsql add type ops.their_type;"
        " alter extension plpgsql add sequence ops.their_sequence",
    ),
    # A database that was made by an older version and upgraded keeps what that one made.
    _m(
        "create or replace function ops.uuidv7() returns uuid language sql volatile parallel safe"
        " begin atomic select encode("
        "substring(int8send(floor(micros / 1000)::bigint) from 3)"
        " || int2send((28672 + floor((micros % 1000) * 4.096))::integer::smallint)"
        " || substring(uuid_send(gen_random_uuid()) from 9), 'hex')::uuid"
        " from (select extract(epoch from clock_timestamp()) * 1000000 as micros) as clock; end",
    ),
    _m("create schema theirs; create table theirs.things (id bigint)"),
    _m("create table public.things (id bigint); grant all on public.things to public"),
    _m("analyze work.jobs; alter table work.jobs alter kind set statistics 500"),
    _m("grant pg_read_all_stats to renderstore_readonly"),
    _m("revoke pg_read_all_stats from renderstore_readonly"),
    _m(
        "alter table work.jobs add column gone text; alter table work.jobs drop column gone"
    ),
    _m(
        "create role renderstore_test_somebody login; grant renderstore_app to renderstore_test_somebody"
    ),
)
