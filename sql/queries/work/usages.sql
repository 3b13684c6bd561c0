-- What each user uses of the plan.

-- name: get(user_id)^
-- What a user uses, beside what the plan allows; a limit that is null is none. Refused where the user does not live.
-- null: active_jobs! daily_jobs! is_paused!
select
    users.id as user_id,
    user_pauses.user_id is not null as is_paused,
    coalesce(usages.active_jobs, 0) as active_jobs,
    case
        when usages.counted_on = (now() at time zone 'utc')::date then usages.daily_jobs
        else 0
    end as daily_jobs,
    plans.share,
    plans.max_active_jobs,
    plans.max_daily_jobs,
    plans.max_priority
from identity.users
join identity.plans on plans.id = users.plan_id
cross join identity.check_here(users.id)
left join work.usages on usages.user_id = users.id
left join work.user_pauses on user_pauses.user_id = users.id
where users.id = :user_id;
