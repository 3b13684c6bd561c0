-- Delivery: whoever sends notices acts as a worker. It claims a batch, sends, confirms. A claim is a time until which nobody else takes
-- the row, so that a sender that dies is followed by another: a notice is delivered at least once.
-- depends: 0106.create-notices

set local role renderstore_owner;

create function ops.claim_notices(
    max_rows bigint default 100,
    lease interval default '5 minutes'
)
returns table (
    user_id uuid,
    id uuid,
    topic text,
    subject_id uuid,
    body jsonb,
    tries bigint,
    created_at timestamptz,
    email text,
    name text,
    slack_id text
)
language plpgsql
volatile
security definer
rows 100
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
    until constant timestamptz := now() + lease::work.lease;
begin
    perform work.acting_worker();
    return query
    with due as materialized (
        select n.user_id, n.id
        from ops.notices as n
        where n.due_at <= now()
        order by n.due_at
        limit max_rows::work.batch_size
        for no key update skip locked
    ),

    taken as (
        update ops.notices as n
        set
            due_at = until,
            tries = n.tries + 1
        from due
        where n.user_id = due.user_id and n.id = due.id
        returning
            n.user_id,
            n.id,
            n.topic,
            n.subject_id,
            n.body,
            n.tries,
            n.created_at
    )

    -- Whoever is deactivated hears of nothing until that ends.
    select
        taken.user_id,
        taken.id,
        taken.topic,
        taken.subject_id,
        taken.body,
        taken.tries,
        taken.created_at,
        u.email::text,
        u.name::text,
        u.slack_id::text
    from taken
    join identity.users as u on u.id = taken.user_id
    where u.status = 'active'
    order by taken.user_id, taken.id;
end
$$;
comment on function ops.claim_notices(bigint, interval) is
    'Takes up to max_rows notices that are to be delivered for as long as the lease, each with where its user is reached.';

create function ops.confirm_notices(user_ids uuid[], ids uuid[])
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    confirmed bigint;
begin
    perform work.acting_worker();
    -- One that its user reads at this moment stays due, and is delivered once more.
    update ops.notices as n
    set
        sent_at = now(),
        due_at = null,
        last_error = null
    from (
        select c.user_id, c.id
        from unnest(user_ids, ids) as done (user_id, id)
        join ops.notices as c on c.user_id = done.user_id and c.id = done.id
        where c.sent_at is null and c.tries > 0
        order by c.user_id, c.id
        for no key update of c skip locked
    ) as sent
    where n.user_id = sent.user_id and n.id = sent.id;
    get diagnostics confirmed = row_count;
    return confirmed;
end
$$;
comment on function ops.confirm_notices(uuid[], uuid[]) is
    'Notices that were claimed are delivered. Says how many; a second time it says 0.';

create function ops.fail_notice(user_id uuid, id uuid, message text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
begin
    perform work.acting_worker();
    update ops.notices as n
    set
        last_error = left(message, 1000),
        due_at = now() + least(2 ^ least(n.tries, 20), 1440) * interval '1 minute'
    from (
        select c.user_id, c.id
        from ops.notices as c
        where c.user_id = user_id and c.id = id and c.sent_at is null and c.tries > 0
        for no key update skip locked
    ) as failed
    where n.user_id = failed.user_id and n.id = failed.id;
end
$$;
comment on function ops.fail_notice(uuid, uuid, text) is
    'A notice could not be delivered: it is tried again later, at most a day.';

grant execute on function
    ops.claim_notices(bigint, interval),
    ops.confirm_notices(uuid[], uuid[]),
    ops.fail_notice(uuid, uuid, text)
to renderstore_worker;
