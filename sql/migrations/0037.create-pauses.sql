-- A pause of the whole farm, or of every job that asks for a label. It changes no job: lanes carry a flag. A user's pause
-- is a flag on work.usages.
-- depends: 0036.create-queue

set local role renderstore_owner;

create table work.pauses (
    label text not null,
    reason text,
    paused_by text not null default identity.current_actor(),
    paused_at timestamptz not null default now(),

    constraint pauses_pkey primary key (label),
    constraint pauses_label_is_short_check check (length(label) <= 200),
    constraint pauses_reason_is_short_check check (length(reason) between 1 and 1000)
);

comment on table work.pauses is
    'One row a pause that is in force. Deleting it resumes.';
comment on column work.pauses.label is
    'The label whose jobs are not handed out; empty for the whole farm.';
comment on column work.pauses.reason is
    'Why, up to 1000 characters; null without a reason.';
comment on column work.pauses.paused_by is
    'Who paused.';
comment on column work.pauses.paused_at is
    'Since when.';
comment on constraint pauses_pkey on work.pauses is
    'This is already paused.';
comment on constraint pauses_label_is_short_check on work.pauses is
    'A label has at most 200 characters.';
comment on constraint pauses_reason_is_short_check on work.pauses is
    'The reason of a pause has 1 to 1000 characters.';

grant select on work.pauses
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
grant insert (label, reason), update (reason), delete on work.pauses
    to renderstore_admin;

create function work.is_lane_paused(labels text[])
returns boolean
language sql
stable
return exists (
    select
    from work.pauses
    where pauses.label = '' or pauses.label = any(labels)
);
comment on function work.is_lane_paused(text[]) is
    'Whether a pause keeps back the jobs that ask for these labels.';

grant execute on function work.is_lane_paused(text[])
    to renderstore_worker, renderstore_admin, renderstore_readonly;

-- Security definer: lanes are written by nobody else.
create function work.pause_lanes()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Not "for update": a submission that refers to one of the lanes would wait, and be waited for.
    perform
    from work.lanes
    order by id
    for no key update;
    update work.lanes
    set is_paused = work.is_lane_paused(labels)
    where is_paused <> work.is_lane_paused(labels);
    return null;
end
$$;
comment on function work.pause_lanes() is
    'Trigger: lanes follow the pauses.';

create trigger pauses_pause_lanes
after insert or update or delete on work.pauses
for each statement
execute function work.pause_lanes();
