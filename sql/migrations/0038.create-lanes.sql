-- A lane is a line of jobs of one kind that ask for the same labels at the same priority. The farm opens and closes lanes, never
-- a tenant; each worker has a row for every lane that it may take from, so that a claim passes no lane of others.
-- depends: 0037.create-dependencies

set local role renderstore_owner;

create table work.lanes (
    id bigint generated always as identity,
    kind work.job_kind not null,
    labels text[] not null default '{}',
    priority work.priority not null,
    is_paused boolean not null default false,
    turn bigint not null default 0,
    floor bigint not null default 0,
    moved_at timestamptz not null default now(),
    opened_at timestamptz not null default now(),
    is_closing boolean not null default false,
    gone_after xid8,

    constraint lanes_pkey primary key (id)
) with (fillfactor = 20);

comment on table work.lanes is
    'One row a line of waiting jobs: a kind, the labels asked for, a priority. Shared by all users; the farm''s alone to write.';
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
    'When the clock last moved, or the lane was opened; at most every 100 ms.';
comment on column work.lanes.opened_at is
    'When the lane was opened.';
comment on column work.lanes.is_closing is
    'Whether nobody finds the lane any more; it goes once nobody can have found it, and what still came in moves to another.';
comment on column work.lanes.gone_after is
    'The transaction before which somebody may have found the lane; null while it is open, or not known yet.';
comment on constraint lanes_pkey on work.lanes is
    'There is already a lane with this number.';

-- Serves work.submit: an open lane by what a job asks for.
create unique index lanes_kind_labels_priority_key
    on work.lanes (kind, labels, priority)
    where not is_closing;
comment on index work.lanes_kind_labels_priority_key is
    'There is already a lane for this kind, these labels and this priority.';

create table work.worker_lanes (
    worker text not null,
    lane_id bigint not null,

    constraint worker_lanes_pkey primary key (worker, lane_id),
    constraint worker_lanes_worker_fkey foreign key (worker)
        references work.workers (name) on delete cascade,
    constraint worker_lanes_lane_id_fkey foreign key (lane_id)
        references work.lanes (id) on delete cascade
);

comment on table work.worker_lanes is
    'One row a worker and a lane that it may take from: what a claim reads instead of all lanes.';
comment on column work.worker_lanes.worker is
    'The worker.';
comment on column work.worker_lanes.lane_id is
    'The lane, of a kind that the worker takes and with labels that it offers.';
comment on constraint worker_lanes_pkey on work.worker_lanes is
    'The worker already takes from this lane.';
comment on constraint worker_lanes_worker_fkey on work.worker_lanes is
    'There is no worker with this name; still referenced: the worker takes from lanes.';
comment on constraint worker_lanes_lane_id_fkey on work.worker_lanes is
    'There is no lane with this number; still referenced: workers take from the lane.';

-- Serves worker_lanes_lane_id_fkey.
create index worker_lanes_lane_id_idx on work.worker_lanes (lane_id);

grant select on work.lanes, work.worker_lanes
    to renderstore_worker, renderstore_admin, renderstore_readonly;
