-- What a user may use. Limits are rows: changing one needs no migration.
-- depends: 0006.create-updated-at

set local role renderstore_owner;

create table identity.plans (
    id text not null,
    name text not null,
    max_projects bigint,
    max_active_jobs bigint,
    max_daily_jobs bigint,
    max_stored_bytes bigint,
    max_priority smallint,
    keep_ended_jobs_days integer,
    share bigint not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),

    constraint plans_pkey primary key (id),
    constraint plans_id_is_slug_check check (id ~ '^[a-z][a-z0-9_]{0,39}$'),
    constraint plans_name_is_short_check check (length(name) between 1 and 100),
    constraint plans_max_projects_is_not_negative_check check (max_projects >= 0),
    constraint plans_max_active_jobs_is_not_negative_check check (max_active_jobs >= 0),
    constraint plans_max_daily_jobs_is_not_negative_check check (max_daily_jobs >= 0),
    constraint plans_max_stored_bytes_is_not_negative_check
        check (max_stored_bytes >= 0),
    constraint plans_max_priority_is_0_to_10_check
        check (max_priority between 0 and 10),
    constraint plans_keep_ended_jobs_days_is_positive_check
        check (keep_ended_jobs_days >= 1),
    constraint plans_share_is_1_to_1000_check check (share between 1 and 1000),
    constraint plans_times_are_1970_to_9999_check check (
        least(created_at, updated_at) >= '1970-01-01 00:00+00'
        and greatest(created_at, updated_at) < '9999-12-31 00:00+00'
    )
);

comment on table identity.plans is
    'One row a plan: its limits and its share of the queue. A limit that is null is none.';
comment on column identity.plans.id is
    'The plan''s short name in lower case, as users.plan_id has it.';
comment on column identity.plans.name is
    'What people call the plan, 1 to 100 characters.';
comment on column identity.plans.max_projects is
    'How many living projects a user may have; null for any number.';
comment on column identity.plans.max_active_jobs is
    'How many jobs of a user may wait or run at once; null for any number.';
comment on column identity.plans.max_daily_jobs is
    'How many jobs a user may submit in one UTC day; null for any number.';
comment on column identity.plans.max_stored_bytes is
    'How many bytes a user''s assets may take; null for any number.';
comment on column identity.plans.max_priority is
    'The highest priority that a user''s job may have, 0 to 10; null for 10.';
comment on column identity.plans.keep_ended_jobs_days is
    'After how many days an ended job is deleted; null for never.';
comment on column identity.plans.share is
    'The weight in the queue, 1 to 1000: twice the share gets twice the turns.';
comment on column identity.plans.created_at is
    'When the plan was created.';
comment on column identity.plans.updated_at is
    'When the row last changed.';
comment on constraint plans_pkey on identity.plans is
    'There is already a plan with this id.';
comment on constraint plans_id_is_slug_check on identity.plans is
    'A plan''s id has 1 to 40 lower-case letters, digits and underscores and begins with a letter.';
comment on constraint plans_name_is_short_check on identity.plans is
    'A plan''s name has 1 to 100 characters.';
comment on constraint plans_max_projects_is_not_negative_check on identity.plans is
    'A plan''s limit of projects is 0 or more, or null for none.';
comment on constraint plans_max_active_jobs_is_not_negative_check on identity.plans is
    'A plan''s limit of active jobs is 0 or more, or null for none.';
comment on constraint plans_max_daily_jobs_is_not_negative_check on identity.plans is
    'A plan''s limit of jobs a day is 0 or more, or null for none.';
comment on constraint plans_max_stored_bytes_is_not_negative_check on identity.plans is
    'A plan''s limit of stored bytes is 0 or more, or null for none.';
comment on constraint plans_max_priority_is_0_to_10_check on identity.plans is
    'A plan''s highest priority is 0 to 10, or null for 10.';
comment on constraint plans_keep_ended_jobs_days_is_positive_check on identity.plans is
    'A plan keeps ended jobs for 1 day or more, or null for ever.';
comment on constraint plans_share_is_1_to_1000_check on identity.plans is
    'A plan''s share is 1 to 1000.';
comment on constraint plans_times_are_1970_to_9999_check on identity.plans is
    'A plan''s times lie between 1970 and 9999.';

create trigger plans_set_updated_at
before update on identity.plans
for each row
when (old.* is distinct from new.*)
execute function ops.set_updated_at();

insert into identity.plans (
    id,
    name,
    max_projects,
    max_active_jobs,
    max_daily_jobs,
    max_stored_bytes,
    max_priority,
    keep_ended_jobs_days,
    share
)
values
    ('free', 'Free', 10, 100, 500, 10737418240, 5, 30, 1),
    ('premium', 'Premium', null, 10000, null, 1099511627776, 10, 365, 4);

grant select on identity.plans
    to renderstore_app, renderstore_auth, renderstore_admin, renderstore_readonly;
grant insert, update, delete on identity.plans to renderstore_admin;
