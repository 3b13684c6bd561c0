-- How jobs of a render manager become render jobs here: both of its designs, which name their columns apart. Every row is judged before
-- any is made.
-- depends: 0136.import-jobs

set local role renderstore_owner;

create function render.import_jobs(kind text, source text, old_rows jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_variable
declare
    judged record;
begin
    -- Beside the rows: as the condition of a join it would be asked for every user.
    with listed as materialized (
        select
            r.value,
            ops.imported_user(kind, r.value ->> 'userId') as user_id
        from jsonb_array_elements(old_rows) as r (value)
    ),

    told as materialized (
        select
            r.value as old_row,
            r.value ->> 'id' as old_id,
            u.id as user_id,
            u.status as user_status,
            p.keep_ended_jobs_days,
            upper(r.value ->> 'status') as old_status,
            (r.value ->> 'createdAt')::timestamptz as created_at,
            (r.value ->> 'updatedAt')::timestamptz as updated_at,
            (r.value ->> 'queuedAt')::timestamptz as queued_at,
            (r.value ->> 'startedAt')::timestamptz as started_at,
            (r.value ->> 'completedAt')::timestamptz as completed_at,
            (r.value ->> 'autoCancelAt')::timestamptz as auto_cancel_at,
            (r.value ->> 'priority')::integer as priority,
            (r.value ->> 'progress')::integer as progress,
            (r.value ->> 'estimatedTime')::integer as estimated_s,
            (r.value ->> 'actualTime')::integer as actual_s,
            nullif(r.value ->> 'projectName', '') as project_name,
            nullif(r.value ->> 'outputName', '') as output_name,
            nullif(r.value ->> 'projectPath', '') as project_path,
            nullif(r.value ->> 'templatePath', '') as template_path,
            nullif(r.value ->> 'dataPath', '') as data_path,
            nullif(r.value ->> 'outputPath', '') as output_path,
            nullif(r.value ->> 'nexrenderJobId', '') as nexrender_job_id,
            -- An empty object says as much as none.
            nullif(nullif(r.value -> 'nexrenderConfig', 'null'), '{}') as config,
            coalesce(
                nullif(r.value ->> 'errorMessage', ''),
                nullif(r.value ->> 'error', '')
            ) as message,
            nullif(r.value ->> 'cancelledReason', '') as cancel_reason,
            nullif(r.value ->> 'logs', '') as log
        from listed as r
        left join identity.users as u on u.id = r.user_id
        left join identity.plans as p on p.id = u.plan_id
    ),

    placed as materialized (
        select
            t.*,
            case t.old_status
                when 'COMPLETED' then 'completed'
                when 'FAILED' then 'failed'
                when 'CANCELLED' then 'cancelled'
                when 'PENDING' then 'queued'
                when 'VALIDATING' then 'queued'
                when 'QUEUED' then 'queued'
                when 'RENDERING' then 'queued'
            end as status
        from told as t
    ),

    asked as materialized (
        select
            p.*,
            p.status <> 'queued' as is_ended,
            case
                when p.user_id is null then 'Its user did not come.'
                when p.status is null then 'Its status is none that is known here.'
                when
                    ops.is_kept_time(p.created_at) is not true
                    or ops.is_kept_time(p.updated_at) = false
                    or ops.is_kept_time(p.queued_at) = false
                    or ops.is_kept_time(p.started_at) = false
                    or ops.is_kept_time(p.completed_at) = false
                    or ops.is_kept_time(p.auto_cancel_at) = false
                    then 'Its times do not lie between 1970 and 9999.'
                when p.status = 'queued' and p.user_status <> 'active'
                    then 'It waits, and its user may not render.'
                when p.output_path is null then 'outputPath: It has none.'
                when num_nonnulls(p.project_path, p.template_path) <> 1
                    then 'It names neither a project nor a template, or both.'
                else coalesce(
                    'outputPath: ' || render.path_problem(p.output_path),
                    'projectPath: ' || render.path_problem(p.project_path),
                    'templatePath: ' || render.path_problem(p.template_path),
                    'dataPath: ' || render.path_problem(p.data_path),
                    'nexrenderConfig: ' || render.nexrender_problem(p.config)
                )
            end as problem,
            nexrender_job_id !~ '[[:cntrl:]]'
            and nexrender_job_id <> '.'
            and length(nexrender_job_id) <= 200
            and render.is_folder_name(nexrender_job_id) as is_nexrenders
        from placed as p
    ),

    ended as materialized (
        select
            a.*,
            case
                when a.is_ended then coalesce(a.completed_at, a.updated_at, a.created_at)
            end as ended_at
        from asked as a
    ),

    begun as materialized (
        select
            e.*,
            case
                when e.is_ended
                    then coalesce(
                        e.started_at,
                        e.ended_at - e.actual_s * interval '1 second'
                    )
            end as began_at,
            ops.imported_id(e.created_at, e.old_id) as id
        from ended as e
        where e.problem is null
    ),

    kept as (
        insert into ops.imported (kind, source, old_id, table_name, row_key, changes)
        select
            kind,
            source,
            b.old_id,
            'work.jobs',
            b.id::text,
            array_remove(
                array[
                    case
                        when b.old_status in ('PENDING', 'VALIDATING', 'RENDERING')
                            then format('status: %s became QUEUED', b.old_status)
                    end,
                    case
                        when not b.is_ended and b.progress <> 0
                            then 'progress: begins anew at 0'
                        when b.progress not between 0 and 100
                            then 'progress: clamped to 0 to 100'
                    end,
                    case
                        when b.priority not between 0 and 10
                            then 'priority: clamped to 0 to 10'
                    end,
                    case
                        when b.is_ended and b.completed_at is null
                            then 'completedAt: taken from updatedAt'
                        when not b.is_ended and b.completed_at is not null
                            then 'completedAt: dropped, it has not ended'
                    end,
                    case
                        when b.is_ended and b.started_at is null and b.actual_s is not null
                            then 'startedAt: actualTime before completedAt'
                        when not b.is_ended and b.started_at is not null
                            then 'startedAt: dropped, it begins anew'
                        when
                            b.is_ended
                            and abs(
                                extract(epoch from b.ended_at - b.started_at) - b.actual_s
                            ) >= 1
                            then 'actualTime: dropped, here it is completedAt less startedAt'
                    end,
                    case
                        when not b.is_ended and b.actual_s is not null
                            then 'actualTime: dropped, it begins anew'
                    end,
                    case
                        when b.estimated_s <= 0
                            then 'estimatedTime: dropped, it is no number of seconds'
                    end,
                    case
                        when b.data_path is not null and b.template_path is null
                            then 'dataPath: dropped, there is no template'
                    end,
                    case
                        when b.is_nexrenders = false
                            then 'nexrenderJobId: dropped, it is no folder''s name'
                    end,
                    case
                        when length(b.project_name) > 500
                            then 'projectName: cut after 500 characters'
                    end,
                    case
                        when length(b.output_name) > 500
                            then 'outputName: cut after 500 characters'
                    end,
                    case
                        when length(b.message) > 10000
                            then 'error: cut after 10000 characters'
                    end,
                    case
                        when length(b.cancel_reason) > 1000
                            then 'cancelledReason: cut after 1000 characters'
                    end,
                    case
                        when b.log is not null and length(b.log) > 250000
                            then 'logs: in several chunks'
                    end,
                    case
                        when b.ended_at < now() - b.keep_ended_jobs_days * interval '1 day'
                            then 'beware: its user''s plan keeps it no longer, and the next sweep deletes it'
                    end
                ],
                null
            )
        from begun as b
    ),

    refused as (
        insert into ops.import_refusals (kind, source, old_id, reason, old_row)
        select kind, source, e.old_id, e.problem, e.old_row
        from ended as e
        where e.problem is not null
        on conflict on constraint import_refusals_pkey do update
        set
            reason = excluded.reason,
            old_row = excluded.old_row,
            refused_at = excluded.refused_at
    )

    select
        jsonb_agg(
            jsonb_build_object(
                'user_id', b.user_id,
                'id', b.id,
                'status', b.status,
                'priority', least(greatest(coalesce(b.priority, 5), 0), 10),
                'progress', case when b.is_ended then least(greatest(b.progress, 0), 100) else 0 end,
                'was_run', b.status in ('completed', 'failed')
                or b.status = 'cancelled' and b.began_at is not null,
                'estimated_s', case when b.estimated_s > 0 then b.estimated_s end,
                'auto_cancel_at', b.auto_cancel_at,
                'queued_at', coalesce(b.queued_at, b.created_at),
                'started_at', b.began_at,
                'completed_at', b.ended_at,
                'error_message', left(b.message, 10000),
                'cancel_reason', left(b.cancel_reason, 1000),
                'log', b.log,
                'project_name', left(b.project_name, 500),
                'output_name', left(b.output_name, 500),
                'project_path', b.project_path,
                'template_path', b.template_path,
                'data_path', case when b.template_path is not null then b.data_path end,
                'output_path', b.output_path,
                'nexrender_job_id', case when b.is_nexrenders then b.nexrender_job_id end,
                'nexrender_config', b.config
            )
        ) as jobs
    into judged
    from begun as b;
    if judged.jobs is not null then
        perform work.import_jobs('render', judged.jobs);
        insert into render.specs (
            user_id,
            job_id,
            project_name,
            output_name,
            project_path,
            template_path,
            data_path,
            output_path,
            nexrender_job_id,
            nexrender_config
        )
        select
            j.user_id,
            j.id,
            j.project_name,
            j.output_name,
            j.project_path,
            j.template_path,
            j.data_path,
            j.output_path,
            j.nexrender_job_id,
            j.nexrender_config
        from jsonb_to_recordset(judged.jobs) as j (
            user_id uuid,
            id uuid,
            project_name text,
            output_name text,
            project_path text,
            template_path text,
            data_path text,
            output_path text,
            nexrender_job_id text,
            nexrender_config jsonb
        );
    end if;
end
$$;
comment on function render.import_jobs(text, text, jsonb) is
    'Brings jobs of a render manager here, and keeps those that cannot come with the reason.';
