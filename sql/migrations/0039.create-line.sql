-- The order in which jobs are handed out. Within a lane users take turns: a user's next job gets a turn when it joins, so that
-- a claim is one ordered read. A tenant's transaction locks rows of its own here and nothing else.
-- depends: 0038.create-lanes

set local role renderstore_owner;

create table work.turns (
    user_id uuid not null,
    lane_id bigint not null,
    is_farms boolean not null,
    next_turn bigint not null,

    constraint turns_pkey primary key (user_id, lane_id, is_farms),
    constraint turns_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade
) with (fillfactor = 20);

comment on table work.turns is
    'Two rows a user and lane, the user''s own and the farm''s: the turn that the user''s next job gets there is the higher one.';
comment on column work.turns.user_id is
    'The user who takes turns.';
comment on column work.turns.lane_id is
    'The lane; the sweep removes rows of lanes that are gone.';
comment on column work.turns.is_farms is
    'Whether the farm writes the row, for what comes due or comes back: it never waits for the user''s own row.';
comment on column work.turns.next_turn is
    'The turn of the user''s next job, unless the lane''s clock is past it: nobody saves up turns.';
comment on constraint turns_pkey on work.turns is
    'The user already has a turn in this lane.';
comment on constraint turns_user_id_fkey on work.turns is
    'There is no user with this id; still referenced: the user takes turns in a lane.';

-- Serves the sweep: turns of a lane that is gone.
create index turns_lane_id_idx on work.turns (lane_id);

create table work.ready (
    lane_id bigint not null,
    turn bigint not null,
    job_id uuid not null,
    user_id uuid not null,

    constraint ready_pkey primary key (user_id, job_id),
    constraint ready_user_id_job_id_fkey foreign key (user_id, job_id)
        references work.jobs (user_id, id) on delete cascade
);

comment on table work.ready is
    'One row a job that can be claimed now, in the order of turns: each queued job of a user who is not paused.';
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
comment on constraint ready_user_id_job_id_fkey on work.ready is
    'There is no job with this id; still referenced: the job stands in line.';

-- Serves work.claim: the order of the queue.
create index ready_lane_id_turn_job_id_idx on work.ready (lane_id, turn, job_id);

create table work.arrivals (
    user_id uuid not null,
    job_id uuid not null,

    constraint arrivals_pkey primary key (user_id, job_id),
    constraint arrivals_user_id_job_id_fkey foreign key (user_id, job_id)
        references work.jobs (user_id, id) on delete cascade
);

comment on table work.arrivals is
    'One row a job whose lane was not open when it came: the next claim that finds too little, or the sweep, opens the lane and puts it in line.';
comment on column work.arrivals.user_id is
    'The user who owns the job.';
comment on column work.arrivals.job_id is
    'The job.';
comment on constraint arrivals_pkey on work.arrivals is
    'This job already waits for its lane.';
comment on constraint arrivals_user_id_job_id_fkey on work.arrivals is
    'There is no job with this id; still referenced: the job waits for its lane.';

alter table work.turns enable row level security;
alter table work.turns force row level security;
alter table work.ready enable row level security;
alter table work.ready force row level security;
alter table work.arrivals enable row level security;
alter table work.arrivals force row level security;

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

create policy arrivals_owner on work.arrivals
    to renderstore_owner
    using (true)
    with check (true);
create policy arrivals_own on work.arrivals
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy arrivals_read on work.arrivals
    for select
    to renderstore_worker, renderstore_admin, renderstore_readonly
    using (true);

grant select on work.turns to renderstore_app, renderstore_admin, renderstore_readonly;
grant select on work.ready, work.arrivals
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
