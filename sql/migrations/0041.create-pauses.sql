-- A pause of the whole farm, of every job that asks for a label, or of one user. It changes no job: lanes carry a flag, a
-- paused user's jobs leave the line.
-- depends: 0040.create-leftovers

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
    'One row a pause that is in force; work.pause and work.resume write it.';
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

-- Apart from work.usages, which a submission of the user holds: whoever pauses a user waits for nothing of theirs.
create table work.user_pauses (
    user_id uuid not null,
    reason text,
    paused_by text not null default identity.current_actor(),
    paused_at timestamptz not null default now(),

    constraint user_pauses_pkey primary key (user_id),
    constraint user_pauses_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade,
    constraint user_pauses_reason_is_short_check
        check (length(reason) between 1 and 1000)
);

comment on table work.user_pauses is
    'One row a user none of whose jobs is handed out at the moment; running ones go on.';
comment on column work.user_pauses.user_id is
    'The user.';
comment on column work.user_pauses.reason is
    'Why, up to 1000 characters; null without a reason.';
comment on column work.user_pauses.paused_by is
    'Who paused.';
comment on column work.user_pauses.paused_at is
    'Since when.';
comment on constraint user_pauses_pkey on work.user_pauses is
    'This user is already paused.';
comment on constraint user_pauses_user_id_fkey on work.user_pauses is
    'There is no user with this id; still referenced: the user is paused.';
comment on constraint user_pauses_reason_is_short_check on work.user_pauses is
    'The reason of a pause has 1 to 1000 characters.';

alter table work.user_pauses enable row level security;
alter table work.user_pauses force row level security;

create policy user_pauses_owner on work.user_pauses
    to renderstore_owner
    using (true)
    with check (true);
create policy user_pauses_own on work.user_pauses
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy user_pauses_read on work.user_pauses
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on work.user_pauses
    to renderstore_app, renderstore_admin, renderstore_readonly;

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

-- work.problems asks it with its reader's rights.
grant execute on function work.is_lane_paused(text[])
    to renderstore_admin, renderstore_readonly;
