-- What happened to jobs. The row that ends a claim carries the claim too (began_at, held_by): half the rows, nothing lost;
-- work.history shows each transition on its own. Written by the functions that change jobs; id is a position to read on from.
-- depends: 0034.wall-jobs

set local role renderstore_owner;

create table work.events (
    user_id uuid not null,
    id bigint generated always as identity,
    job_id uuid not null,
    attempt integer not null,
    before work.job_status not null,
    after work.job_status not null,
    made_in xid8 not null default pg_current_xact_id(),
    happened_at timestamptz not null default now(),
    began_at timestamptz,
    held_by text,
    actor text not null,
    error_class text,
    reason text,

    constraint events_pkey primary key (user_id, job_id, id),
    constraint events_user_id_job_id_fkey foreign key (user_id, job_id)
        references work.jobs (user_id, id) on delete cascade
);

comment on table work.events is
    'One row a transition of a job; the one that ends a run carries its claim too. Append-only; work.history shows it for people.';
comment on column work.events.user_id is
    'The user who owns the job.';
comment on column work.events.id is
    'The position: later rows have higher ones.';
comment on column work.events.job_id is
    'The job.';
comment on column work.events.attempt is
    'The attempt during which it happened.';
comment on column work.events.before is
    'The status that was left.';
comment on column work.events.after is
    'The status that followed.';
comment on column work.events.made_in is
    'The transaction that wrote the row, by which a reader knows that nothing before it is still to come.';
comment on column work.events.happened_at is
    'When it happened.';
comment on column work.events.began_at is
    'When the run began that ended here; null where none did.';
comment on column work.events.held_by is
    'The worker whose run ended here; null where none did.';
comment on column work.events.actor is
    'Who did it: user:…, worker:…, token:…, admin:…, dba:… or login:…, or sweep where time did.';
comment on column work.events.error_class is
    'The class of the failure; null without one.';
comment on column work.events.reason is
    'What the failure said, or why it was cancelled; null without a reason.';

comment on constraint events_pkey on work.events is
    'There is already an event with this number.';
comment on constraint events_user_id_job_id_fkey on work.events is
    'There is no job with this id; still referenced: the job has a history.';

-- Serves work.events.list_after: rows arrive in the order of id, so block ranges find the tail.
create index events_id_idx on work.events using brin (id)
    with (pages_per_range = 16, autosummarize = on);

alter table work.events enable row level security;
alter table work.events force row level security;

create policy events_owner on work.events
    to renderstore_owner
    using (true)
    with check (true);
create policy events_own on work.events
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy events_held on work.events
    for select
    to renderstore_worker
    using (
        exists (
            select
            from work.jobs as j
            where j.user_id = events.user_id and j.id = events.job_id
        )
    );
create policy events_read on work.events
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on work.events
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

-- The history is append-only, for its owner too: an event never changes, and goes when its job has gone.
create function work.keep_event()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'DELETE' then
        perform
        from work.jobs as j
        where j.user_id = old.user_id and j.id = old.job_id;
        if not found then
            return old;
        end if;
    end if;
    raise exception using
        errcode = '42501',
        message = 'The history of a job is append-only; it goes when the job does.';
end
$$;
comment on function work.keep_event() is
    'Trigger: an event never changes, and is deletable only when its job is gone.';

create trigger events_keep
before update or delete on work.events
for each row
execute function work.keep_event();

create trigger events_keep_all
before truncate on work.events
for each statement
execute function work.keep_event();
