-- The services around the house. Administrators add and change them; who checks them acts as a worker.

-- name: create(id, name, url, check_path, api_key_header, is_enabled, config, check_every_s, failures_to_go_down)^
-- The service just added; without a URL its state is unknown.
-- row: Service
-- null: url? check_path? api_key_header? is_enabled? config? check_every_s? failures_to_go_down?
insert into ops.services (
    id,
    name,
    url,
    check_path,
    api_key_header,
    is_enabled,
    config,
    check_every_s,
    failures_to_go_down
)
values (
    :id,
    :name,
    :url::text,
    coalesce(:check_path::text, '/'),
    :api_key_header,
    coalesce(:is_enabled::boolean, true),
    coalesce(:config::jsonb, '{}'),
    coalesce(:check_every_s::integer, 60),
    coalesce(:failures_to_go_down::integer, 3)
)
returning
    id,
    name,
    url,
    check_path,
    api_key_header,
    is_enabled,
    config,
    check_every_s,
    failures_to_go_down,
    updated_at,
    updated_by;

-- name: get(id)^
-- The service with this id.
-- row: Service
select
    id,
    name,
    url,
    check_path,
    api_key_header,
    is_enabled,
    config,
    check_every_s,
    failures_to_go_down,
    updated_at,
    updated_by
from ops.services
where id = :id;

-- name: list(after_id, page_size)
-- A page of the services by id, after this one (null for the first page).
-- row: Service
-- null: after_id?
select
    id,
    name,
    url,
    check_path,
    api_key_header,
    is_enabled,
    config,
    check_every_s,
    failures_to_go_down,
    updated_at,
    updated_by
from ops.services
where id > coalesce(:after_id::text, '')
order by id
limit (select :page_size::bigint);

-- name: update(id, name, check_path, api_key_header, is_enabled, config, check_every_s, failures_to_go_down)^
-- The service with what is given set; what is null stays, and so do its URL and its API key.
-- row: Service
-- null: name? check_path? api_key_header? is_enabled? config? check_every_s? failures_to_go_down?
update ops.services
set
    name = coalesce(:name::text, name),
    check_path = coalesce(:check_path::text, check_path),
    api_key_header = coalesce(:api_key_header::text, api_key_header),
    is_enabled = coalesce(:is_enabled::boolean, is_enabled),
    config = coalesce(:config::jsonb, config),
    check_every_s = coalesce(:check_every_s::integer, check_every_s),
    failures_to_go_down = coalesce(:failures_to_go_down::integer, failures_to_go_down)
where id = :id
returning
    id,
    name,
    url,
    check_path,
    api_key_header,
    is_enabled,
    config,
    check_every_s,
    failures_to_go_down,
    updated_at,
    updated_by;

-- name: set_url(id, url)!
-- How many services got this URL, or none where it is null: one or none.
-- null: url?
update ops.services
set url = :url::text
where id = :id;

-- name: delete(id)!
-- How many services were deleted, with what was known of them: one or none.
delete from ops.services
where id = :id;

-- name: list_status(after_id, page_size)
-- A page of the services as people ask for them: whether each lives, and how much of 24 hours, 7 and 30 days it did, in percent of what was checked.
-- row: ServiceStatus
-- null: after_id? status! response_ms? last_check_at? last_change_at? uptime_24h? uptime_7d? uptime_30d?
select
    s.id,
    s.name,
    v.status,
    v.response_time_ms as response_ms,
    v.last_check_at,
    c.last_change_at,
    v.uptime_percentage as uptime_24h,
    week.percentage as uptime_7d,
    month.percentage as uptime_30d
from ops.services as s
join ops.service_status as v on v.service_name = s.id
left join ops.service_states as c on c.service_id = s.id
left join lateral ops.service_uptime(s.id, now() - interval '7 days') as week on true
left join lateral ops.service_uptime(s.id, now() - interval '30 days') as month on true
where s.id > coalesce(:after_id::text, '')
order by s.id
limit (select :page_size::bigint);

-- name: uptime(id, since, until)^
-- How long a service was up and down between two moments, until now where until is null.
-- row: Uptime
-- null: until? up! down! percentage?
select
    up,
    down,
    percentage
from ops.service_uptime(:id, :since, coalesce(:until::timestamptz, now()));

-- name: list_spans(id, before_at, page_size)
-- A page of the times that are over in which a service was up or down, the last first, before the one that ended then (null for the first page).
-- row: ServiceSpan
-- null: before_at?
select
    began_at,
    ended_at,
    state
from ops.service_spans
where service_id = :id
    and ended_at < coalesce(:before_at::timestamptz, 'infinity')
order by ended_at desc
limit (select :page_size::bigint);

-- name: list_due(only_due, page_size)
-- The services to check now: enabled, with a URL, and not checked for as long as lies between two checks; with only_due false, whenever they were checked.
-- row: DueService
-- null: only_due? url!
select
    s.id,
    s.name,
    s.url,
    s.check_path,
    s.api_key_header
from ops.services as s
left join ops.service_states as c on c.service_id = s.id
where s.is_watched
    and (
        not coalesce(:only_due::boolean, true)
        or c.last_check_at + s.check_every_s * interval '1 second' > now() is not true
    )
order by c.last_check_at nulls first, s.id
limit (select :page_size::bigint);

-- name: record_check(id, state, response_ms, message)$
-- The service's state after this check: down only after its failures in a row.
-- null: response_ms? message? state_now!
select ops.record_check(:id, :state, :response_ms, :message) as state_now;

-- name: set_sealed_api_key(id, api_key_sealed)!
-- Sets a service's sealed API key, or takes it away where it is null: secrets.encrypt seals it.
-- null: api_key_sealed?
select ops.set_service_secret(:id, :api_key_sealed) as set_now;

-- name: find_sealed_api_key(id)$
-- A service's sealed API key, for who checks it; null without one.
-- null: api_key_sealed?
select ops.service_secret(:id) as api_key_sealed;

-- name: list_sealed_api_keys(after_id, page_size)
-- A page of the sealed API keys, for a change of the key that seals them.
-- row: SealedApiKey
-- null: after_id? service_id! api_key_sealed!
select
    service_id,
    api_key_sealed
from ops.list_service_secrets(:after_id, :page_size);

-- name: replace_sealed_api_key(id, old, new)$
-- How many values were replaced by what was sealed again: one, or none where it has changed since.
-- null: replaced!
select ops.replace_service_secret(:id, :old, :new) as replaced;
