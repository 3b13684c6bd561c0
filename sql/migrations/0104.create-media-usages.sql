-- What each user has asked of the media portal today. The row is locked by every request of its user, which makes the limits exact and
-- orders two that ask for the same; what an administrator decides never waits for it. Open requests are counted as they are.
-- depends: 0103.limit-media

set local role renderstore_owner;

create table media.usages (
    user_id uuid not null,
    daily_requests bigint not null default 0,
    daily_downloads bigint not null default 0,
    counted_on date not null default (now() at time zone 'utc')::date,

    constraint usages_pkey primary key (user_id),
    constraint usages_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade,
    constraint usages_daily_requests_is_not_negative_check check (daily_requests >= 0),
    constraint usages_daily_downloads_is_not_negative_check
        check (daily_downloads >= 0)
);

comment on table media.usages is
    'One row a user who ever asked for something: what is used of the plan today.';
comment on column media.usages.user_id is
    'The user whose use it is.';
comment on column media.usages.daily_requests is
    'How many movies and seasons were asked for on counted_on.';
comment on column media.usages.daily_downloads is
    'How many playlists were asked for on counted_on.';
comment on column media.usages.counted_on is
    'The UTC day of both.';
comment on constraint usages_pkey on media.usages is
    'This user''s use is already counted.';
comment on constraint usages_user_id_fkey on media.usages is
    'There is no user with this id; still referenced: the user''s use of the portal is counted.';
comment on constraint usages_daily_requests_is_not_negative_check on media.usages is
    'The count of requests is 0 or more.';
comment on constraint usages_daily_downloads_is_not_negative_check on media.usages is
    'The count of downloads is 0 or more.';

alter table media.usages enable row level security;
alter table media.usages force row level security;

create policy usages_owner on media.usages
    to renderstore_owner
    using (true)
    with check (true);
create policy usages_own on media.usages
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy usages_read on media.usages
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on media.usages
    to renderstore_app, renderstore_admin, renderstore_readonly;

create function media.lock_owner(owner uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into media.usages (user_id)
    select owner
    where not exists (
        select
        from media.usages as u
        where u.user_id = owner
    )
    on conflict do nothing;
    if owner = identity.current_user_id() then
        perform
        from media.usages as u
        where u.user_id = owner
        for no key update;
        return;
    end if;
    -- An administrator never queues for what a user may hold.
    for patience in 1 .. 100 loop
        perform
        from media.usages as u
        where u.user_id = owner
        for no key update skip locked;
        if found then
            return;
        end if;
        perform pg_sleep(0.01);
    end loop;
    raise lock_not_available using
        message = 'A transaction of this user stays open; try again once it has ended.';
end
$$;
comment on function media.lock_owner(uuid) is
    'Locks what orders the requests of one user.';
