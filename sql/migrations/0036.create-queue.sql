-- The order in which jobs are handed out. A lane is a line of jobs of one kind that ask for the same labels at the same
-- priority; within it users take turns. A user's next job gets a turn when it joins, so that a claim is one ordered read.
-- depends: 0035.create-dependencies

set local role renderstore_owner;

create table work.lanes (
    id bigint generated always as identity,
    kind work.job_kind not null,
    labels text[] not null default '{}',
    priority work.priority not null,
    is_paused boolean not null default false,
    turn bigint not null default 0,
    floor bigint not null default 0,
    moved_at timestamptz not null default 'epoch',

    constraint lanes_pkey primary key (id),
    constraint lanes_kind_labels_priority_key unique (kind, labels, priority)
) with (fillfactor = 20);

comment on table work.lanes is
    'One row a line of waiting jobs: a kind, the labels asked for, a priority. Shared by all users.';
comment on column work.lanes.id is
    'The lane''s number, as work.ready has it.';
comment on column work.lanes.kind is
    'The kind of the lane''s jobs.';
comment on column work.lanes.labels is
    'What a worker must offer to take from the lane; sorted.';
comment on column work.lanes.priority is
    'The priority of the lane''s jobs.';
comment on column work.lanes.is_paused is
    'Whether a pause of the farm or of a label keeps the lane''s jobs back.';
comment on column work.lanes.turn is
    'The lane''s clock: the turn that was served last. Whoever has nothing waiting joins here.';
comment on column work.lanes.floor is
    'Where claims begin to read: where the clock stood one move earlier. The sweep lifts what came in below.';
comment on column work.lanes.moved_at is
    'When the clock last moved; at most every 100 ms. 1970 before it ever did.';
comment on constraint lanes_pkey on work.lanes is
    'There is already a lane with this number.';
comment on constraint lanes_kind_labels_priority_key on work.lanes is
    'There is already a lane for this kind, these labels and this priority.';

grant select on work.lanes
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
grant update (is_paused) on work.lanes to renderstore_admin;

create table work.turns (
    user_id uuid not null,
    lane_id bigint not null,
    next_turn bigint not null,

    constraint turns_pkey primary key (user_id, lane_id),
    constraint turns_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade,
    constraint turns_lane_id_fkey foreign key (lane_id)
        references work.lanes (id) on delete cascade
) with (fillfactor = 20);

comment on table work.turns is
    'One row a user and lane: the turn that the user''s next job gets there.';
comment on column work.turns.user_id is
    'The user who takes turns.';
comment on column work.turns.lane_id is
    'The lane.';
comment on column work.turns.next_turn is
    'The turn of the user''s next job, unless the lane''s clock is past it: nobody saves up turns.';
comment on constraint turns_pkey on work.turns is
    'The user already has a turn in this lane.';
comment on constraint turns_user_id_fkey on work.turns is
    'There is no user with this id; still referenced: the user takes turns in a lane.';
comment on constraint turns_lane_id_fkey on work.turns is
    'There is no lane with this number; still referenced: users take turns in the lane.';

-- Serves turns_lane_id_fkey.
create index turns_lane_id_idx on work.turns (lane_id);

alter table work.turns enable row level security;
alter table work.turns force row level security;

create policy turns_owner on work.turns
    to renderstore_owner
    using (true)
    with check (true);
create policy turns_own on work.turns
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy turns_read on work.turns
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on work.turns to renderstore_app, renderstore_admin, renderstore_readonly;

create table work.ready (
    lane_id bigint not null,
    turn bigint not null,
    job_id uuid not null,
    user_id uuid not null,

    constraint ready_pkey primary key (user_id, job_id)
);

comment on table work.ready is
    'One row a job that can be claimed now, in the order of turns. Only triggers write it; it holds each queued job of a user who is not paused.';
comment on column work.ready.lane_id is
    'The lane in which the job stands.';
comment on column work.ready.turn is
    'The job''s turn: lower ones are handed out first.';
comment on column work.ready.job_id is
    'The job.';
comment on column work.ready.user_id is
    'The user who owns the job.';
comment on constraint ready_pkey on work.ready is
    'This job already stands in line.';

-- Serves work.jobs.claim: the order of the queue.
create index ready_lane_id_turn_job_id_idx on work.ready (lane_id, turn, job_id);

alter table work.ready enable row level security;
alter table work.ready force row level security;

create policy ready_owner on work.ready
    to renderstore_owner
    using (true)
    with check (true);
create policy ready_own on work.ready
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy ready_read on work.ready
    for select
    to renderstore_worker, renderstore_admin, renderstore_readonly
    using (true);

grant select on work.ready
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

create table work.leftovers (
    user_id uuid not null,
    id bigint generated always as identity,
    job_id uuid not null,
    is_lost boolean not null default false,

    constraint leftovers_pkey primary key (user_id, id),
    constraint leftovers_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade
);

comment on table work.leftovers is
    'One row a job that somebody passed over rather than wait for who held it, or that asked for its place while its user was paused. The sweep looks at each again.';
comment on column work.leftovers.user_id is
    'The user who owns the job.';
comment on column work.leftovers.id is
    'The note''s number: a job may be noted more than once, so that no note waits for another.';
comment on column work.leftovers.job_id is
    'The job; it may be gone by now.';
comment on column work.leftovers.is_lost is
    'Whether a job that it needs failed or was cancelled.';
comment on constraint leftovers_pkey on work.leftovers is
    'There is already a note with this number.';
comment on constraint leftovers_user_id_fkey on work.leftovers is
    'There is no user with this id; still referenced: the sweep looks at a job of the user.';

alter table work.leftovers enable row level security;
alter table work.leftovers force row level security;

create policy leftovers_owner on work.leftovers
    to renderstore_owner
    using (true)
    with check (true);
create policy leftovers_read on work.leftovers
    for select
    to renderstore_worker, renderstore_admin, renderstore_readonly
    using (true);

grant select on work.leftovers
    to renderstore_worker, renderstore_admin, renderstore_readonly;
