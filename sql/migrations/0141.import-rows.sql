-- The one door of an import, an administrator's: a batch of rows as they are in the other system, of one table. What is here already is
-- passed over, so a batch may come again. A row that breaks a rule which nobody foresaw is found by halves, and refused by itself.
-- depends: 0140.import-services

set local role renderstore_owner;

create function ops.import_table(
    kind text,
    source text,
    old_rows jsonb,
    plan_id text
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if source = 'Job' then
        perform render.import_jobs(kind, source, old_rows);
        return;
    end if;
    perform
        case source
            when 'User' then identity.import_user(kind, source, r.value, plan_id)
            when 'Account' then identity.import_account(kind, source, r.value)
            when 'Session' then identity.import_web_session(kind, source, r.value)
            when 'VerificationToken'
                then identity.import_verification_token(kind, source, r.value)
            when 'ApiToken' then identity.import_api_token(kind, source, r.value)
            when 'users' then identity.import_user(kind, source, r.value, plan_id)
            when 'session_tokens'
                then identity.import_session_token(kind, source, r.value)
            when 'media_requests' then media.import_request(kind, source, r.value)
            when 'youtube_downloads' then media.import_download(kind, source, r.value)
            when 'service_config' then ops.import_service(kind, source, r.value)
            when 'service_status'
                then ops.refuse_import(
                    kind, source, r.value,
                    'Checks find anew how a service stands: renderstore check.'
                )
            when 'rate_limits'
                then ops.refuse_import(
                    kind, source, r.value,
                    'A count of a window is over soon; ops.limits has the limits.'
                )
        end
    from jsonb_array_elements(old_rows) with ordinality as r (value, nth)
    order by r.nth;
end
$$;
comment on function ops.import_table(text, text, jsonb, text) is
    'Brings rows of one table of another system here, in their order.';

create function ops.import_some(
    kind text,
    source text,
    old_rows jsonb,
    plan_id text
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    rows constant integer := jsonb_array_length(old_rows);
    half jsonb;
    code text;
    said text;
    room text;
    relation text;
    domain text;
    rule text;
begin
    begin
        perform ops.import_table(kind, source, old_rows, plan_id);
        return;
    exception
        when others then
            get stacked diagnostics
                code = returned_sqlstate,
                said = message_text,
                room = schema_name,
                relation = table_name,
                domain = pg_datatype_name,
                rule = constraint_name;
            -- What is wrong with a row; anything else is wrong with the moment, or with us.
            if code !~ '^(22|23|RS)' then
                raise;
            end if;
    end;
    if rows = 1 then
        perform ops.refuse_import(
            kind,
            source,
            old_rows -> 0,
            coalesce(
                ops.sentence(room, coalesce(nullif(relation, ''), domain), rule, said),
                said
            )
        );
        return;
    end if;
    for nth in 0 .. 1 loop
        select jsonb_agg(r.value order by r.nth) into half
        from jsonb_array_elements(old_rows) with ordinality as r (value, nth)
        where (r.nth > rows / 2) = (nth = 1);
        perform ops.import_some(kind, source, half, plan_id);
    end loop;
end
$$;
comment on function ops.import_some(text, text, jsonb, text) is
    'Brings rows of one table of another system here; those that break a rule are refused one by one.';

-- Security definer: an administrator writes jobs and keys by this alone.
create function ops.import_rows(
    kind text,
    source text,
    old_rows text,
    plan_id text
)
returns table (outcome text, what text, rows bigint)
language plpgsql
volatile
security definer
rows 10
set search_path = pg_catalog, pg_temp
-- A plan made while nothing is here yet stays: the settings keep it on the keys.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_variable
declare
    read_rows jsonb;
    new_rows jsonb;
    new_ids text[];
begin
    perform work.check_administrator();
    -- Text, which says every number as it is there; a client's own reader would round some.
    begin
        read_rows := old_rows;
    exception
        when data_exception or program_limit_exceeded then
            read_rows := null;
    end;
    if jsonb_typeof(read_rows) is distinct from 'array' then
        raise exception using
            errcode = '23514',
            message = 'A batch of another system''s rows is a JSON array.';
    end if;
    -- One import at a time: of one that was killed the last batch may yet be at work.
    -- An advisory lock could be a user's.
    lock table ops.imported in share row exclusive mode;
    if jsonb_path_exists(read_rows, '$[*] ? (!exists(@.id) || @.id == null)') then
        raise exception using
            errcode = '23514',
            message = 'Every row of another system has an id.';
    end if;
    if plan_id = 'imported' and source in ('User', 'users') then
        insert into identity.plans (id, name)
        values ('imported', 'Imported')
        on conflict do nothing;
    end if;
    select
        jsonb_agg(r.value order by r.nth),
        array_agg(r.value ->> 'id')
    into new_rows, new_ids
    from jsonb_array_elements(read_rows) with ordinality as r (value, nth)
    -- A value and no join, which without statistics would read them all for each row.
    where (
        select i.old_id
        from ops.imported as i
        where i.kind = kind and i.source = source and i.old_id = r.value ->> 'id'
    ) is null;
    if new_ids is not null then
        perform ops.import_some(kind, source, new_rows, plan_id);
        delete from ops.import_refusals as f
        using ops.imported as i
        where f.kind = kind
            and f.source = source
            and f.old_id = any(new_ids)
            and i.kind = f.kind
            and i.source = f.source
            and i.old_id = f.old_id;
    end if;

    return query
    with came as materialized (
        select i.old_id, i.changes
        from ops.imported as i
        where i.kind = kind and i.source = source and i.old_id = any(new_ids)
    ),

    refused as materialized (
        select f.old_id, f.reason
        from ops.import_refusals as f
        where f.kind = kind and f.source = source and f.old_id = any(new_ids)
    )

    select 'known', null, jsonb_array_length(read_rows) - coalesce(cardinality(new_ids), 0)::bigint
    union all
    select 'entered', null, count(*)
    from came
    union all
    select 'changed', null, count(*)
    from came
    where came.changes <> '{}'
    union all
    select 'change', each.change, count(distinct came.old_id)
    from came
    cross join lateral unnest(came.changes) as each (change)
    group by each.change
    union all
    select 'refused', null, count(*)
    from refused
    union all
    select 'refusal', refused.reason, count(*)
    from refused
    group by refused.reason;
    if (select count(distinct listed.old_id) from unnest(new_ids) as listed (old_id)) <> (
        select count(*)
        from (
            select i.old_id
            from ops.imported as i
            where i.kind = kind and i.source = source and i.old_id = any(new_ids)
            union all
            select f.old_id
            from ops.import_refusals as f
            where f.kind = kind and f.source = source and f.old_id = any(new_ids)
        ) as noted
    ) then
        raise exception using
            errcode = 'XX000',
            message = format(
                'Rows of %s neither came nor were refused. Where an import brings that table, this is a fault of ours.',
                source
            );
    end if;
end
$$;
comment on function ops.import_rows(text, text, text, text) is
    'Brings a batch of rows of one table of another system here, a JSON array of objects with an id: how many came, with which changes, were refused and why, or were here already. New users get the plan.';

grant execute on function ops.import_rows(text, text, text, text)
    to renderstore_admin;
