-- How long what a user deletes can be restored: a limit of the plan.
-- depends: 0069.create-sentences

set local role renderstore_owner;

alter table identity.plans
    add column keep_deleted_days integer,
    -- A table of a handful of rows, and the column is new.
    -- squawk-ignore constraint-missing-not-valid
    add constraint plans_keep_deleted_days_is_0_to_36500_check
        check (keep_deleted_days between 0 and 36500);

comment on column identity.plans.keep_deleted_days is
    'For how many days a deleted project or asset can be restored, 0 to 36500; null for ever.';
comment on constraint plans_keep_deleted_days_is_0_to_36500_check on identity.plans is
    'A plan keeps what was deleted for 0 to 36500 days, or null for ever.';

update identity.plans
set keep_deleted_days = case id when 'premium' then 90 else 30 end
where id in ('free', 'premium');
