-- Rate limits: how many requests an endpoint takes of each user within a window, and what each user has used. The window slides: it is
-- counted in twelfths, and what began within the last whole window counts in full, so that no window of that length, wherever it
-- begins, holds more than the limit.
-- depends: 0123.create-retentions

set local role renderstore_owner;

create table ops.limits (
    endpoint text not null,
    max_requests integer not null,
    window_s integer not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    updated_by text not null default identity.current_actor(),

    constraint limits_pkey primary key (endpoint),
    constraint limits_endpoint_is_slug_check
        check (endpoint ~ '^[a-z][a-z0-9_./-]{0,99}$'),
    constraint limits_max_requests_is_not_negative_check check (max_requests >= 0),
    constraint limits_window_s_is_1_to_86400_check check (window_s between 1 and 86400)
);

comment on table ops.limits is
    'One row an endpoint: how many requests it takes of each user within a window.';
comment on column ops.limits.endpoint is
    'What is limited, such as render.submit: 1 to 100 lower-case letters, digits, and _ . / -.';
comment on column ops.limits.max_requests is
    'How many requests of one user are let through within any window; 0 closes it.';
comment on column ops.limits.window_s is
    'How long the window is, in seconds, 1 to 86400.';
comment on column ops.limits.created_at is
    'When the limit was added.';
comment on column ops.limits.updated_at is
    'When the row last changed.';
comment on column ops.limits.updated_by is
    'Who changed it last.';
comment on constraint limits_pkey on ops.limits is
    'There is already a limit for this endpoint.';
comment on constraint limits_endpoint_is_slug_check on ops.limits is
    'An endpoint has 1 to 100 lower-case letters, digits, and _ . / -, and begins with a letter.';
comment on constraint limits_max_requests_is_not_negative_check on ops.limits is
    'A limit lets 0 requests or more through.';
comment on constraint limits_window_s_is_1_to_86400_check on ops.limits is
    'A window has 1 to 86400 seconds.';

create trigger limits_set_updated_at
before update on ops.limits
for each row
execute function ops.set_updated_at();
create trigger limits_set_updated_by
before update on ops.limits
for each row
execute function ops.set_updated_by();

grant select on ops.limits
    to renderstore_app, renderstore_admin, renderstore_readonly;
grant
    insert (endpoint, max_requests, window_s),
    update (max_requests, window_s),
    delete
on ops.limits
to renderstore_admin;

-- A domain: a table's own checks are read as text by each statement that writes it.
create domain ops.twelve_counts as integer[]
    constraint twelve_counts_are_12_check check (cardinality(value) = 12);
comment on domain ops.twelve_counts is
    'What was let through in each of twelve twelfths of a window, the last first.';
comment on constraint twelve_counts_are_12_check on domain ops.twelve_counts is
    'A sliding window has 12 counts beside the present one.';

-- What most calls change is one number: within a twelfth nothing moves.
create table ops.rate_limits (
    user_id uuid not null,
    endpoint text not null,
    window_s integer not null,
    slot bigint not null,
    used bigint not null,
    earlier ops.twelve_counts not null,
    idle_at timestamptz not null,

    constraint rate_limits_pkey primary key (user_id, endpoint),
    constraint rate_limits_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade
) with (fillfactor = 50);

comment on table ops.rate_limits is
    'One row a user and endpoint: what was let through of late. What is idle is swept.';
comment on column ops.rate_limits.user_id is
    'The user who asks.';
comment on column ops.rate_limits.endpoint is
    'What is asked for: ops.limits has the limit.';
comment on column ops.rate_limits.window_s is
    'The window under which it was counted; another one begins anew.';
comment on column ops.rate_limits.slot is
    'The last twelfth of a window in which something was let through: their number since 1970.';
comment on column ops.rate_limits.used is
    'What was let through in that twelfth and in the twelve before it.';
comment on column ops.rate_limits.earlier is
    'How much of it was let through in each of the twelve before.';
comment on column ops.rate_limits.idle_at is
    'From when nothing of it counts any more, rounded up by some hours.';
comment on constraint rate_limits_pkey on ops.rate_limits is
    'This endpoint is already counted for this user.';
comment on constraint rate_limits_user_id_fkey on ops.rate_limits is
    'There is no user with this id; still referenced: the user''s requests are counted.';

-- Serves ops.clear_rate_limits. Rounded to hours, it seldom changes: an update stays HOT.
create index rate_limits_idle_at_idx on ops.rate_limits (idle_at);

alter table ops.rate_limits enable row level security;
alter table ops.rate_limits force row level security;

create policy rate_limits_owner on ops.rate_limits
    to renderstore_owner
    using (true)
    with check (true);
create policy rate_limits_own on ops.rate_limits
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy rate_limits_read on ops.rate_limits
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on ops.rate_limits
    to renderstore_app, renderstore_admin, renderstore_readonly;

create function ops.clear_rate_limits(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    cleared bigint;
begin
    with idle as materialized (
        select r.user_id, r.endpoint
        from ops.rate_limits as r
        where r.idle_at < now()
        order by r.idle_at
        limit max_rows
        for update skip locked
    )

    delete from ops.rate_limits as r
    using idle
    where r.user_id = idle.user_id and r.endpoint = idle.endpoint;
    get diagnostics cleared = row_count;
    return cleared;
end
$$;
comment on function ops.clear_rate_limits(bigint) is
    'Deletes up to max_rows counts of requests that are over, and says how many.';

insert into ops.sweep_parts (position, what, function_name, is_urgent)
values (430, 'idle rate limits deleted', 'ops.clear_rate_limits', false);
