-- A check as it is recorded. A service is down after some failures in a row, from the first of them; one success brings it back.
-- Whoever administers hears of both by a notice of the same transaction.
-- depends: 0120.create-service-spans

set local role renderstore_owner;

create function ops.tell_administrators(topic text, body jsonb)
returns void
language sql
volatile
begin atomic
    -- One who is being erased hears of nothing.
    insert into ops.notices (user_id, topic, body)
    select
        told.user_id,
        tell_administrators.topic,
        tell_administrators.body
    from (
        select o.user_id
        from identity.users as u
        join identity.owners as o on o.user_id = u.id
        where u.role = 'admin' and u.status = 'active'
        for key share of o skip locked
    ) as told;
end;
comment on function ops.tell_administrators(text, jsonb) is
    'Leaves a notice for every active administrator.';

create function ops.end_span(span ops.service_states, at timestamptz)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if span.state <> 'unknown' and at > span.span_began_at then
        insert into ops.service_spans (service_id, ended_at, began_at, state)
        values (span.service_id, at, span.span_began_at, span.state);
    end if;
end
$$;
comment on function ops.end_span(ops.service_states, timestamptz) is
    'Keeps the span that went on until then, where there was one.';

create function ops.note_check(
    service ops.services,
    before ops.service_states,
    is_up boolean,
    response_ms bigint,
    message text,
    at timestamptz
)
returns ops.service_states
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    now_on ops.service_states := before;
begin
    if at > before.stale_at then
        -- Nobody knows what was in between.
        perform ops.end_span(before, before.stale_at);
        now_on.state := 'unknown';
        now_on.span_began_at := null;
        now_on.failures := 0;
        now_on.failed_at := null;
    end if;
    if is_up then
        now_on.failures := 0;
        now_on.failed_at := null;
        if now_on.state <> 'up' then
            perform ops.end_span(now_on, at);
            now_on.state := 'up';
            now_on.span_began_at := at;
            now_on.last_change_at := at;
        end if;
    else
        now_on.failures := now_on.failures + 1;
        now_on.failed_at := coalesce(now_on.failed_at, at);
        if now_on.state <> 'down'
            and now_on.failures >= service.failures_to_go_down
        then
            perform ops.end_span(now_on, now_on.failed_at);
            now_on.state := 'down';
            now_on.span_began_at := now_on.failed_at;
            now_on.last_change_at := now_on.failed_at;
        end if;
    end if;
    if now_on.state = 'down' and before.told <> 'down'
        or now_on.state = 'up' and before.told = 'down'
    then
        now_on.told := now_on.state;
        perform ops.tell_administrators(
            'service_' || now_on.state,
            jsonb_strip_nulls(
                jsonb_build_object(
                    'service',
                    service.id,
                    'name',
                    service.name,
                    'since',
                    now_on.span_began_at,
                    'message',
                    left(message, 500)
                )
            )
        );
    end if;
    now_on.stale_at := at + 2 * service.check_every_s * interval '1 second';
    now_on.response_ms := response_ms;
    now_on.message := left(message, 500);
    now_on.last_check_at := at;
    update ops.service_states as s
    set
        state = now_on.state,
        span_began_at = now_on.span_began_at,
        stale_at = now_on.stale_at,
        told = now_on.told,
        failures = now_on.failures,
        failed_at = now_on.failed_at,
        response_ms = now_on.response_ms,
        message = now_on.message,
        last_check_at = now_on.last_check_at,
        last_change_at = now_on.last_change_at
    where s.service_id = service.id;
    return now_on;
end
$$;
comment on function ops.note_check(
    ops.services,
    ops.service_states,
    boolean,
    bigint,
    text,
    timestamptz
) is
    'What a check of that moment makes of a service''s state, which the caller has locked.';

create function ops.record_check(
    service_id text,
    state ops.service_state,
    response_ms bigint default null,
    message text default null
)
returns ops.service_state
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    service ops.services;
    kept ops.service_states;
begin
    perform work.acting_worker();
    select s.* into service
    from ops.services as s
    where s.id = service_id;
    if not found then
        raise exception using
            errcode = 'P0002',
            message = format('There is no service %L.', service_id);
    elsif not service.is_watched then
        return 'unknown';
    end if;
    select s.* into kept
    from ops.service_states as s
    where s.service_id = service_id
    for no key update;
    if not found then
        insert into ops.service_states (service_id)
        values (service_id)
        on conflict on constraint service_states_pkey do nothing;
        select s.* into kept
        from ops.service_states as s
        where s.service_id = service_id
        for no key update;
    end if;
    if state is null or state = 'unknown' then
        return case when kept.stale_at > now() then kept.state else 'unknown' end;
    end if;
    -- Recorded in the order in which they come here, each at a moment of its own.
    kept := ops.note_check(
        service,
        kept,
        state = 'up',
        response_ms,
        message,
        greatest(clock_timestamp(), kept.last_check_at + interval '1 microsecond')
    );
    return kept.state;
end
$$;
comment on function ops.record_check(text, ops.service_state, bigint, text) is
    'A service was checked just now and found up or down. Gives its state: down only after its failures in a row, unknown where it is not watched.';

grant execute on function ops.record_check(text, ops.service_state, bigint, text)
    to renderstore_worker;
