-- What a worker does with steps, and how they go on: a claim says how far each is, reports keep what was done and paid, and what failed
-- or was cancelled is tried again without what is completed.
-- depends: 0097.submit-many-steps

set local role renderstore_owner;

-- Security definer and the settings: see render.claim.
create function studio.claim_steps(
    max_jobs bigint default 1,
    lease interval default '60 seconds'
)
returns table (
    user_id uuid,
    id uuid,
    attempt integer,
    lease_expires_at timestamptz,
    project_id uuid,
    scene_id uuid,
    step studio.step_kind,
    provider text,
    provider_task_id text,
    last_completed_part integer,
    config jsonb,
    result jsonb
)
language plpgsql
volatile
security definer
rows 10
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
    return query
    select
        claimed.user_id,
        claimed.id,
        claimed.attempt,
        claimed.lease_expires_at,
        s.project_id,
        s.scene_id,
        s.step,
        s.provider::text,
        s.provider_task_id,
        s.last_completed_part,
        s.config,
        s.result
    from work.claim(max_jobs, '{step}', lease) as claimed
    join studio.step_specs as s
        on s.user_id = claimed.user_id and s.job_id = claimed.id;
end
$$;
comment on function studio.claim_steps(bigint, interval) is
    'Takes up to this many steps for the acting worker, as work.claim does, and gives with each what it is to do and how far it is.';

-- Security definer: it writes what the acting worker holds and nothing else. It waits for nobody but another report.
create function studio.report_step(
    user_id uuid,
    id uuid,
    attempt integer,
    provider_task_id text default null,
    last_completed_part integer default null,
    tokens_in bigint default null,
    tokens_out bigint default null,
    cost_micros bigint default null,
    result jsonb default null,
    provider text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    used_in constant studio.tally := tokens_in;
    used_out constant studio.tally := tokens_out;
    paid constant studio.tally := cost_micros;
begin
    perform work.hold_lease(user_id, id, attempt);
    -- An attempt reports its own totals so far, so that the same report twice counts once.
    update studio.step_costs as c
    set
        attempt = attempt,
        provider = coalesce(provider, c.provider),
        tokens_in = case
            when c.attempt < attempt then c.tokens_in + coalesce(used_in, 0)
            else greatest(c.tokens_in, c.earlier_tokens_in + used_in)
        end,
        tokens_out = case
            when c.attempt < attempt then c.tokens_out + coalesce(used_out, 0)
            else greatest(c.tokens_out, c.earlier_tokens_out + used_out)
        end,
        cost_micros = case
            when c.attempt < attempt then c.cost_micros + coalesce(paid, 0)
            else greatest(c.cost_micros, c.earlier_cost_micros + paid)
        end,
        earlier_tokens_in = case
            when c.attempt < attempt then c.tokens_in
            else c.earlier_tokens_in
        end,
        earlier_tokens_out = case
            when c.attempt < attempt then c.tokens_out
            else c.earlier_tokens_out
        end,
        earlier_cost_micros = case
            when c.attempt < attempt then c.cost_micros
            else c.earlier_cost_micros
        end,
        reported_at = now()
    where c.user_id = user_id
        and c.job_id = id
        and c.attempt <= attempt;
    if not found then
        perform work.refuse_lost_lease();
    end if;
    update studio.step_specs as s
    set
        provider = coalesce(provider, s.provider),
        provider_task_id = coalesce(provider_task_id, s.provider_task_id),
        last_completed_part = greatest(s.last_completed_part, last_completed_part),
        result = coalesce(result, s.result)
    where s.user_id = user_id
        and s.job_id = id
        and num_nonnulls(provider, provider_task_id, last_completed_part, result) > 0;
end
$$;
comment on function studio.report_step(
    uuid,
    uuid,
    integer,
    text,
    integer,
    bigint,
    bigint,
    bigint,
    jsonb,
    text
) is
    'Keeps what a worker says of a step that it holds: the provider''s task, the last part that is done, what this attempt has used and cost so far, what was made. What is null stays as it was, and no number falls. Refused without the current lease.';

create function studio.finish_step(
    user_id uuid,
    id uuid,
    attempt integer,
    provider_task_id text default null,
    last_completed_part integer default null,
    tokens_in bigint default null,
    tokens_out bigint default null,
    cost_micros bigint default null,
    result jsonb default null,
    provider text default null
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform studio.report_step(
        user_id,
        id,
        attempt,
        provider_task_id,
        last_completed_part,
        tokens_in,
        tokens_out,
        cost_micros,
        result,
        provider
    );
    perform work.finish(user_id, id, attempt);
end
$$;
comment on function studio.finish_step(
    uuid,
    uuid,
    integer,
    text,
    integer,
    bigint,
    bigint,
    bigint,
    jsonb,
    text
) is
    'Completes a step, with a last report. Refused without the current lease.';

create function studio.resume_steps(
    project_id uuid,
    scene_id uuid default null,
    user_id uuid default null
)
returns table (id uuid, step studio.step_kind, status work.job_status)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
begin
    perform
    from studio.projects as p
    where p.user_id = owner and p.id = project_id;
    if not found then
        raise exception using
            errcode = 'P0002',
            message = 'There is no project with this id.';
    end if;
    perform studio.enter_project(owner, project_id);
    perform studio.check_project_lives(owner, project_id);
    -- Earlier ones first, since later ones wait for them.
    for id, step in
        select s.job_id, s.step
        from studio.step_specs as s
        join work.jobs as j on j.user_id = s.user_id and j.id = s.job_id
        where s.user_id = owner
            and s.project_id = project_id
            and (scene_id is null or s.scene_id = scene_id)
            and j.status in ('failed', 'cancelled')
        order by s.job_id
    loop
        status := work.try_again(id, owner);
        return next;
    end loop;
end
$$;
comment on function studio.resume_steps(uuid, uuid, uuid) is
    'The steps of a project, or of one of its scenes, that failed or were cancelled wait anew, in their order; what is completed stays. Gives each with the status it has now.';

grant execute on function
    studio.claim_steps(bigint, interval),
    studio.report_step(
        uuid,
        uuid,
        integer,
        text,
        integer,
        bigint,
        bigint,
        bigint,
        jsonb,
        text
    ),
    studio.finish_step(
        uuid,
        uuid,
        integer,
        text,
        integer,
        bigint,
        bigint,
        bigint,
        jsonb,
        text
    )
to renderstore_worker;
grant execute on function studio.resume_steps(uuid, uuid, uuid)
to renderstore_app, renderstore_admin;
