-- What people ask of services: whether they live, and how much of a window they did.
-- depends: 0121.record-checks

set local role renderstore_owner;

create function ops.service_uptime(
    service_id text,
    since timestamptz,
    until timestamptz default now()
)
returns table (up interval, down interval, percentage numeric(5, 2))
language sql
stable
set search_path = pg_catalog, pg_temp
begin atomic
    select
        summed.up,
        summed.down,
        -- Never rounded up to 100.
        trunc(
            (
                100 * extract(epoch from summed.up)
                / nullif(extract(epoch from summed.up + summed.down), 0)
            )::numeric,
            2
        ) as percentage
    from (
        select
            coalesce(
                sum(span.lasted) filter (where span.state = 'up'),
                interval '0'
            ) as up,
            coalesce(
                sum(span.lasted) filter (where span.state = 'down'),
                interval '0'
            ) as down
        from (
            select
                s.state,
                least(s.ended_at, service_uptime.until)
                - greatest(s.began_at, service_uptime.since) as lasted
            from ops.service_spans as s
            where s.service_id = service_uptime.service_id
                and s.ended_at > service_uptime.since
                and s.began_at < service_uptime.until
            union all
            select
                s.state,
                least(s.stale_at, now(), service_uptime.until)
                - greatest(s.span_began_at, service_uptime.since) as lasted
            from ops.service_states as s
            where s.service_id = service_uptime.service_id
                and s.state <> 'unknown'
                and s.span_began_at < least(now(), service_uptime.until)
                and s.stale_at > service_uptime.since
        ) as span
    ) as summed;
end;
comment on function ops.service_uptime(text, timestamptz, timestamptz) is
    'How long a service was up and down between two moments, and how much of both it was up, in percent and cut after two places. What nobody checked is neither; without any check the percentage is null.';

grant execute on function ops.service_uptime(text, timestamptz, timestamptz)
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

-- The columns that the portal's users know.
create view ops.service_status
with (security_invoker = true) as
select
    s.id as service_name,
    case
        when s.is_watched and c.stale_at > now() then c.state
        else 'unknown'
    end as status,
    c.response_ms as response_time_ms,
    c.last_check_at,
    u.percentage as uptime_percentage
from ops.services as s
left join ops.service_states as c on c.service_id = s.id
left join lateral ops.service_uptime(s.id, now() - interval '24 hours') as u on true;

comment on view ops.service_status is
    'Every service as the portal''s users know it: whether it lives, and how it did in the last 24 hours.';
comment on column ops.service_status.service_name is
    'The service''s id, such as plex.';
comment on column ops.service_status.status is
    'Up or down; unknown where it is not set up or was not checked for a while.';
comment on column ops.service_status.response_time_ms is
    'How long the last answer took, in milliseconds; null where there was none.';
comment on column ops.service_status.last_check_at is
    'When it was last checked; null where it never was.';
comment on column ops.service_status.uptime_percentage is
    'How much of the last 24 hours it was up, of what was checked; null where nothing was.';

grant select on ops.service_status
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
