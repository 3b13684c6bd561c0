-- What each user uses of the plan in the studio.

-- name: get(user_id)^
-- What a user uses, beside what the plan allows; a limit that is null is none. Refused where the user does not live.
-- null: living_projects! stored_bytes! reserved_bytes!
select
    users.id as user_id,
    coalesce(used.living_projects, 0) as living_projects,
    coalesce(used.stored_bytes, 0) as stored_bytes,
    coalesce(used.reserved_bytes, 0) as reserved_bytes,
    plans.max_projects,
    plans.max_stored_bytes,
    plans.keep_deleted_days
from identity.users
join identity.plans on plans.id = users.plan_id
cross join identity.check_here(users.id)
left join lateral (
    select
        sum(usages.living_projects)::bigint as living_projects,
        sum(usages.stored_bytes)::bigint as stored_bytes,
        sum(usages.reserved_bytes)::bigint as reserved_bytes
    from studio.usages
    where usages.user_id = users.id
) as used on true
where users.id = :user_id;
