-- What each user uses of the plan. The row is locked by every submission of its user, which makes a quota exact; it is made
-- by the first one. The farm never waits for it.
-- depends: 0030.name-actors

set local role renderstore_owner;

-- A domain: 0032 says what a table's check costs.
create domain work.job_count as bigint
    constraint job_count_is_not_negative_check check (value >= 0);

comment on domain work.job_count is
    'How many jobs, 0 or more.';
comment on constraint job_count_is_not_negative_check on domain work.job_count is
    'A count of jobs is 0 or more.';

create table work.usages (
    user_id uuid not null,
    active_jobs work.job_count not null default 0,
    daily_jobs work.job_count not null default 0,
    counted_on date not null default (now() at time zone 'utc')::date,

    constraint usages_pkey primary key (user_id),
    constraint usages_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade
) with (fillfactor = 20);

comment on table work.usages is
    'One row a user who ever submitted: what is used of the plan. The limits are the plan''s.';
comment on column work.usages.user_id is
    'The user who owns the jobs.';
comment on column work.usages.active_jobs is
    'How many jobs wait or run. Never too low: raised by every submission, counted anew when it meets the limit.';
comment on column work.usages.daily_jobs is
    'How many jobs were submitted on counted_on.';
comment on column work.usages.counted_on is
    'The UTC day of daily_jobs.';
comment on constraint usages_pkey on work.usages is
    'This user''s use is already counted.';
comment on constraint usages_user_id_fkey on work.usages is
    'There is no user with this id; still referenced: the user''s use is counted.';

alter table work.usages enable row level security;
alter table work.usages force row level security;

create policy usages_owner on work.usages
    to renderstore_owner
    using (true)
    with check (true);
create policy usages_own on work.usages
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy usages_read on work.usages
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on work.usages
    to renderstore_app, renderstore_admin, renderstore_readonly;
