-- What each user uses of the plan.

-- name: get(user_id)^
-- What a user uses, beside what the plan allows; a limit that is null is none.
-- null: is_paused! active_jobs! daily_jobs!
select
    users.id as user_id,
    coalesce(usages.is_paused, false) as is_paused,
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
left join work.usages on usages.user_id = users.id
where users.id = :user_id;

-- name: pause(user_id)!
-- Hands out none of a user's jobs from now on; running ones go on.
insert into work.usages (user_id, is_paused)
select
    owners.user_id,
    true as is_paused
from identity.owners
where owners.user_id = :user_id
on conflict (user_id) do update
set is_paused = true;

-- name: resume(user_id)!
-- Hands out a user's jobs again.
update work.usages
set is_paused = false
where user_id = :user_id;
