-- The steps of a video, the third kind of job: what each is to do, how far it came, and what it cost. A step that is tried again goes on after
-- the last part that it completed, with the provider's own task id.
-- depends: 0091.link-project-jobs

set local role renderstore_owner;

create type studio.step_kind as enum (
    'script',
    'image',
    'voice',
    'subtitles',
    'video',
    'other'
);
comment on type studio.step_kind is
    'What a step makes: script, image, voice, subtitles, video, other.';

create table studio.step_specs (
    user_id uuid not null,
    job_id uuid not null,
    step studio.step_kind not null,
    provider text,
    provider_task_id text,
    config jsonb not null default '{}',
    last_completed_step text,
    tokens_in bigint not null default 0,
    tokens_out bigint not null default 0,
    cost_micros bigint not null default 0,

    constraint step_specs_pkey primary key (user_id, job_id),
    constraint step_specs_user_id_job_id_fkey foreign key (user_id, job_id)
        references work.jobs (user_id, id) on delete cascade,
    constraint step_specs_provider_is_short_check
        check (length(provider) between 1 and 100),
    constraint step_specs_provider_task_id_is_short_check
        check (length(provider_task_id) between 1 and 500),
    constraint step_specs_config_is_object_check
        check (jsonb_typeof(config) = 'object' and ops.json_problem(config) is null),
    constraint step_specs_last_completed_step_is_short_check
        check (length(last_completed_step) between 1 and 200),
    constraint step_specs_costs_are_not_negative_check
        check (least(tokens_in, tokens_out, cost_micros) >= 0)
);

comment on table studio.step_specs is
    'One row a step: what it is to do, how far it came, what it cost. studio.project_jobs says of which project.';
comment on column studio.step_specs.user_id is
    'The user who owns the job.';
comment on column studio.step_specs.job_id is
    'The job.';
comment on column studio.step_specs.step is
    'What the step makes.';
comment on column studio.step_specs.provider is
    'Who makes it, such as openai, 1 to 100 characters; null for a machine of one''s own.';
comment on column studio.step_specs.provider_task_id is
    'The provider''s own id of what it does, up to 500 characters; null before it has one.';
comment on column studio.step_specs.config is
    'What the step needs to know, an object.';
comment on column studio.step_specs.last_completed_step is
    'The last part that was completed, up to 200 characters, after which another attempt goes on; null before the first.';
comment on column studio.step_specs.tokens_in is
    'How many tokens were sent, over all attempts.';
comment on column studio.step_specs.tokens_out is
    'How many tokens came back, over all attempts.';
comment on column studio.step_specs.cost_micros is
    'What the step cost, in millionths of the account''s currency, over all attempts.';
comment on constraint step_specs_pkey on studio.step_specs is
    'This job already has its specification.';
comment on constraint step_specs_user_id_job_id_fkey on studio.step_specs is
    'There is no such job of yours to specify; still referenced: the job has a specification.';
comment on constraint step_specs_provider_is_short_check on studio.step_specs is
    'A provider''s name has 1 to 100 characters.';
comment on constraint step_specs_provider_task_id_is_short_check on studio.step_specs is
    'A provider''s task id has 1 to 500 characters.';
comment on constraint step_specs_config_is_object_check on studio.step_specs is
    'A step''s configuration is a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';
comment on constraint step_specs_last_completed_step_is_short_check
on studio.step_specs is
    'What was completed is named in 1 to 200 characters.';
comment on constraint step_specs_costs_are_not_negative_check on studio.step_specs is
    'Tokens and costs are 0 or more.';

alter table studio.step_specs enable row level security;
alter table studio.step_specs force row level security;

create policy step_specs_owner on studio.step_specs
    to renderstore_owner
    using (true)
    with check (true);
create policy step_specs_own on studio.step_specs
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy step_specs_held on studio.step_specs
    for select
    to renderstore_worker
    using (
        exists (
            select
            from work.jobs as j
            where j.user_id = step_specs.user_id and j.id = step_specs.job_id
        )
    );
create policy step_specs_read on studio.step_specs
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on studio.step_specs
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

create function studio.submit_step(
    project_id uuid,
    step studio.step_kind,
    config jsonb default '{}',
    provider text default null,
    scene_id uuid default null,
    input_asset_ids uuid[] default null,
    priority integer default 5,
    labels text[] default '{}',
    max_failures integer default 3,
    backoff_s integer default 10,
    estimated_s integer default null,
    due_at timestamptz default null,
    auto_cancel_at timestamptz default null,
    idempotency_key text default null,
    needs_job_ids uuid[] default null,
    on_failure work.dependency_rule default 'cancel',
    user_id uuid default null,
    out id uuid,
    out is_new boolean,
    out queued_at timestamptz
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
begin
    -- First, as the order of locks asks for.
    perform studio.lock_project(owner, project_id);
    select made.id, made.is_new, made.queued_at into id, is_new, queued_at
    from work.submit(
        owner,
        'step',
        priority,
        labels,
        max_failures,
        backoff_s,
        estimated_s,
        due_at,
        auto_cancel_at,
        idempotency_key,
        needs_job_ids,
        on_failure,
        false
    ) as made;
    if is_new then
        insert into studio.step_specs (user_id, job_id, step, provider, config)
        values (owner, id, step, provider, coalesce(config, '{}'));
        perform studio.link_job(project_id, id, scene_id, input_asset_ids, user_id);
    end if;
end
$$;
comment on function studio.submit_step is
    'A step of a project just submitted by the bound user, or for the one that an administrator names; a repeat of an idempotency key gives the job that is there.';

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
    config jsonb,
    last_completed_step text
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
        l.project_id,
        l.scene_id,
        s.step,
        s.provider,
        s.provider_task_id,
        s.config,
        s.last_completed_step
    from work.claim(max_jobs, '{step}', lease) as claimed
    join studio.step_specs as s
        on s.user_id = claimed.user_id and s.job_id = claimed.id
    left join studio.project_jobs as l
        on l.user_id = claimed.user_id and l.job_id = claimed.id;
end
$$;
comment on function studio.claim_steps(bigint, interval) is
    'Takes up to this many steps for the acting worker, as work.claim does, and gives with each what it is to do and how far it came.';

create function studio.report_step(
    user_id uuid,
    id uuid,
    attempt integer,
    provider_task_id text default null,
    completed_step text default null,
    tokens_in bigint default 0,
    tokens_out bigint default 0,
    cost_micros bigint default 0
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
begin
    perform studio.check_lease(user_id, id, attempt);
    update studio.step_specs as s
    set
        provider_task_id = coalesce(provider_task_id, s.provider_task_id),
        last_completed_step = coalesce(completed_step, s.last_completed_step),
        tokens_in = s.tokens_in + tokens_in,
        tokens_out = s.tokens_out + tokens_out,
        cost_micros = s.cost_micros + cost_micros
    where s.user_id = user_id
        and s.job_id = id
        -- Said again, a part costs nothing again.
        and (completed_step is null or s.last_completed_step is distinct from completed_step);
end
$$;
comment on function studio.report_step(
    uuid,
    uuid,
    integer,
    text,
    text,
    bigint,
    bigint,
    bigint
) is
    'How far a step came and what that cost beside what was said before; a completed part that is said again changes nothing. Refused without the current lease.';

grant execute on function studio.submit_step to renderstore_app, renderstore_admin;
grant execute on function
    studio.claim_steps(bigint, interval),
    studio.report_step(uuid, uuid, integer, text, text, bigint, bigint, bigint)
to renderstore_worker;
