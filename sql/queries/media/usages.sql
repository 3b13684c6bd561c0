-- What each user has asked of the media portal.

-- name: get(user_id)^
-- What a user has asked for, beside what the plan allows; a limit that is null is none. Refused where the user does not live.
-- null: open_requests! daily_requests! daily_downloads!
select
    users.id as user_id,
    (
        select count(*)
        from media.requests
        where requests.user_id = users.id
            and requests.status in ('pending', 'approved', 'processing')
    ) as open_requests,
    case
        when usages.counted_on = (now() at time zone 'utc')::date
            then usages.daily_requests
        else 0
    end as daily_requests,
    case
        when usages.counted_on = (now() at time zone 'utc')::date
            then usages.daily_downloads
        else 0
    end as daily_downloads,
    plans.max_open_requests,
    plans.max_daily_requests,
    plans.max_daily_downloads
from identity.users
join identity.plans on plans.id = users.plan_id
cross join identity.check_here(users.id)
left join media.usages on usages.user_id = users.id
where users.id = :user_id;
