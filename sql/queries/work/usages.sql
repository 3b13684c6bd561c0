-- What each user uses of the plan.

-- name: get(user_id)^
-- What a user uses, beside what the plan allows; a limit that is null is none.
-- null: daily_jobs!
select
    usages.user_id,
    usages.is_paused,
    usages.active_jobs,
    case
        when usages.counted_on = (now() at time zone 'utc')::date then usages.daily_jobs
        else 0
    end as daily_jobs,
    plans.share,
    plans.max_active_jobs,
    plans.max_daily_jobs,
    plans.max_priority
from work.usages
join identity.users on users.id = usages.user_id
join identity.plans on plans.id = users.plan_id
where usages.user_id = :user_id;

-- name: pause(user_id)!
-- Hands out none of a user's jobs from now on; running ones go on.
update work.usages
set is_paused = true
where user_id = :user_id;

-- name: resume(user_id)!
-- Hands out a user's jobs again.
update work.usages
set is_paused = false
where user_id = :user_id;
