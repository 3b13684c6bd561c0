-- Taking of a rate limit. The count is a transaction of its own: in the request's own, a rollback would give it back, and the caller's
-- next requests would wait for it.
-- depends: 0124.create-limits

set local role renderstore_owner;

create domain ops.cost as integer
    constraint cost_is_0_to_1000000_check check (value between 0 and 1000000);
comment on domain ops.cost is
    'For how many requests one counts, 0 to 1000000.';
comment on constraint cost_is_0_to_1000000_check on domain ops.cost is
    'A request counts for 0 to 1000000.';

create function ops.moved_counts(counts integer[], slots bigint)
returns integer[]
language sql
immutable
return case
    when slots <= 0 then counts
    else array_fill(0, array[least(slots, 13)::integer])
        || counts[1:(13 - least(slots, 13))::integer]
end;
comment on function ops.moved_counts(integer[], bigint) is
    'The counts of a sliding window after so many more twelfths of it.';

-- Not SQL: before PostgreSQL 18 that is planned anew by each call.
create function ops.total(counts integer[])
returns bigint
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    total bigint := 0;
    each integer;
begin
    foreach each in array counts loop
        total := total + each;
    end loop;
    return total;
end
$$;
comment on function ops.total(integer[]) is
    'The sum of some counts.';

create function ops.counts_at(kept ops.rate_limits, slot bigint)
returns integer[]
language sql
immutable
return ops.moved_counts(
    (kept.used - ops.total(kept.earlier))::integer || kept.earlier::integer[],
    slot - kept.slot
);
comment on function ops.counts_at(ops.rate_limits, bigint) is
    'What of a rate limit still counts in this twelfth: its own count, and those of the twelve before.';

create function ops.take(
    endpoint text,
    cost integer default 1,
    out is_allowed boolean,
    out remaining bigint,
    out retry_after interval
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(null);
    asked constant ops.cost not null := cost;
    moment constant timestamptz := clock_timestamp();
    max_requests bigint;
    window_s integer;
    slot_now bigint;
    kept ops.rate_limits;
    counts integer[];
begin
    if pg_current_xact_id_if_assigned() is not null then
        raise exception using
            errcode = 'RS014',
            message = 'A rate limit is taken in a transaction of its own, before all else: this one has written already, and a rollback would give back what was taken.';
    end if;
    select l.max_requests, l.window_s into max_requests, window_s
    from ops.limits as l
    where l.endpoint = endpoint;
    if not found then
        raise exception using
            errcode = 'P0002',
            message = format('There is no limit %L: an administrator adds it to ops.limits.', endpoint);
    end if;
    slot_now := floor(extract(epoch from moment) * 12 / window_s);
    -- Most calls find a count of their own twelfth with room in it.
    if asked > 0 then
        update ops.rate_limits as r
        set used = r.used + asked
        where r.user_id = owner
            and r.endpoint = endpoint
            and r.window_s = window_s
            and r.slot >= slot_now
            and r.used + asked <= max_requests
        returning max_requests - r.used into remaining;
        if found then
            is_allowed := true;
            return;
        end if;
    end if;
    select r.* into kept
    from ops.rate_limits as r
    where r.user_id = owner and r.endpoint = endpoint;
    -- Whoever is over the limit writes nothing.
    if kept.window_s = window_s then
        counts := ops.counts_at(kept, slot_now);
    else
        counts := array_fill(0, array[13]);
        kept.slot := slot_now;
    end if;
    is_allowed := ops.total(counts) + asked <= max_requests;
    if is_allowed and asked > 0 then
        insert into ops.rate_limits as r (
            user_id,
            endpoint,
            window_s,
            slot,
            used,
            earlier,
            idle_at
        )
        values (
            owner,
            endpoint,
            window_s,
            slot_now,
            asked,
            array_fill(0, array[12]),
            -- Seldom another, so that updates stay HOT; late enough for the rest of this twelfth, which has up to two hours.
            date_trunc('hour', moment + window_s * interval '1 second')
            + interval '3 hours'
        )
        on conflict on constraint rate_limits_pkey do update
        set
            window_s = excluded.window_s,
            slot = case
                when r.window_s = excluded.window_s
                    then greatest(r.slot, excluded.slot)
                else excluded.slot
            end,
            used = case
                when r.window_s = excluded.window_s
                    then ops.total(ops.counts_at(r, excluded.slot)) + asked
                else excluded.used
            end,
            earlier = case
                when r.window_s = excluded.window_s
                    then (ops.counts_at(r, excluded.slot))[2:13]
                else excluded.earlier
            end,
            idle_at = excluded.idle_at
        where r.window_s <> excluded.window_s
            or ops.total(ops.counts_at(r, excluded.slot)) + asked <= max_requests
        returning r.* into kept;
        is_allowed := found;
        if not is_allowed then
            -- Others were faster.
            select r.* into kept
            from ops.rate_limits as r
            where r.user_id = owner and r.endpoint = endpoint;
        end if;
        counts := ops.counts_at(kept, slot_now);
    end if;
    remaining := greatest(max_requests - ops.total(counts), 0);
    -- When enough of it is over; never for what is more than the limit.
    if not is_allowed and asked <= max_requests then
        for ahead in 1 .. 13 loop
            if ops.total(counts[1:13 - ahead]) + asked <= max_requests then
                retry_after := to_timestamp(
                    (greatest(kept.slot, slot_now) + ahead)::double precision
                    * window_s / 12
                ) - moment;
                exit;
            end if;
        end loop;
    end if;
end
$$;
comment on function ops.take(text, integer) is
    'Whether the acting user may make a request of an endpoint, which then counts; how many are left; after how long one of this cost may be made where it may not, null for never. A cost of 0 only looks.';

grant execute on function ops.take(text, integer)
    to renderstore_app, renderstore_admin;
