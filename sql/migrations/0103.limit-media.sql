-- What a user may ask of the media portal: limits of the plan.
-- depends: 0102.find-studio-problems

set local role renderstore_owner;

alter table identity.plans
    add column max_open_requests bigint,
    add column max_daily_requests bigint,
    add column max_daily_downloads bigint,
    -- A table of a handful of rows, and the columns are new.
    -- squawk-ignore constraint-missing-not-valid
    add constraint plans_max_open_requests_is_not_negative_check
        check (max_open_requests >= 0),
    -- squawk-ignore constraint-missing-not-valid
    add constraint plans_max_daily_requests_is_not_negative_check
        check (max_daily_requests >= 0),
    -- squawk-ignore constraint-missing-not-valid
    add constraint plans_max_daily_downloads_is_not_negative_check
        check (max_daily_downloads >= 0);

comment on column identity.plans.max_open_requests is
    'How many movies and seasons a user may have asked for that are neither there nor refused; null for any number.';
comment on column identity.plans.max_daily_requests is
    'How many movies and seasons a user may ask for in one UTC day; null for any number.';
comment on column identity.plans.max_daily_downloads is
    'How many playlists a user may ask to download in one UTC day; null for any number.';
comment on constraint plans_max_open_requests_is_not_negative_check on identity.plans is
    'A plan''s limit of open requests is 0 or more, or null for none.';
comment on constraint plans_max_daily_requests_is_not_negative_check
on identity.plans is
    'A plan''s limit of requests a day is 0 or more, or null for none.';
comment on constraint plans_max_daily_downloads_is_not_negative_check
on identity.plans is
    'A plan''s limit of downloads a day is 0 or more, or null for none.';

update identity.plans
set
    max_open_requests = case id when 'premium' then 100 else 10 end,
    max_daily_requests = case id when 'premium' then 200 else 20 end,
    max_daily_downloads = case id when 'premium' then 100 else 10 end
where id in ('free', 'premium');
