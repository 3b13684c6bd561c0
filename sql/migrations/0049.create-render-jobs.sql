-- A render job as one row, in the words of the trade. It can be written like a table: an insert submits, an update asks, in
-- one statement each, and the tables beneath keep their rules.
-- depends: 0048.create-outputs

set local role renderstore_owner;

create type render.job_status as enum (
    'pending',
    'validating',
    'queued',
    'rendering',
    'completed',
    'failed',
    'cancelled'
);
comment on type render.job_status is
    'Where a render job stands, in the words of the trade: rendering is work.job_status''s running.';

create function render.to_render(status work.job_status)
returns render.job_status
language sql
immutable
parallel safe
return case status
    when 'pending' then 'pending'::render.job_status
    when 'validating' then 'validating'
    when 'queued' then 'queued'
    when 'running' then 'rendering'
    when 'completed' then 'completed'
    when 'failed' then 'failed'
    when 'cancelled' then 'cancelled'
end;
comment on function render.to_render(work.job_status) is
    'The same status in the words of the trade.';

create function render.to_work(status render.job_status)
returns work.job_status
language sql
immutable
parallel safe
return case status
    when 'pending' then 'pending'::work.job_status
    when 'validating' then 'validating'
    when 'queued' then 'queued'
    when 'rendering' then 'running'
    when 'completed' then 'completed'
    when 'failed' then 'failed'
    when 'cancelled' then 'cancelled'
end;
comment on function render.to_work(render.job_status) is
    'The same status in the words of the queue.';

grant execute on function
    render.to_render(work.job_status),
    render.to_work(render.job_status)
to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

create view render.jobs
with (security_invoker = true) as
select
    j.user_id,
    j.id,
    render.to_render(j.status) as status,
    j.priority,
    j.progress,
    j.attempt,
    j.failures,
    j.max_failures,
    j.lost_leases,
    j.backoff_s,
    j.estimated_s,
    extract(epoch from j.completed_at - j.started_at)::double precision as actual_s,
    j.labels,
    s.project_name,
    s.output_name,
    s.project_path,
    s.template_path,
    s.data_path,
    s.output_path,
    render.path_style(s.output_path) as output_path_style,
    s.frame_start,
    s.frame_end,
    s.frame_step,
    s.nexrender_job_id,
    s.nexrender_config,
    j.submitted_by,
    j.idempotency_key,
    j.held_by,
    j.lease_expires_at,
    j.exit_code,
    j.error_class,
    j.error_message,
    j.cancel_reason,
    j.due_at,
    j.auto_cancel_at,
    j.queued_at,
    j.started_at,
    j.completed_at,
    j.cancel_requested_at
from work.jobs as j
join render.specs as s on s.user_id = j.user_id and s.job_id = j.id;

comment on view render.jobs is
    'One row a render job: its life from work.jobs and its content from render.specs. Insert submits; update asks.';
comment on column render.jobs.user_id is
    'The user who owns the job.';
comment on column render.jobs.id is
    'The job''s identifier, made by the database; later jobs sort after earlier ones.';
comment on column render.jobs.status is
    'Where the job stands, in the words of the trade.';
comment on column render.jobs.priority is
    'How urgent the job is, 0 to 10, 10 first; up to the plan''s highest.';
comment on column render.jobs.progress is
    'Percent done, 0 to 100; within an attempt a lower report leaves it as it is.';
comment on column render.jobs.attempt is
    'How often the job was claimed. It is the fence: who holds another attempt changes nothing.';
comment on column render.jobs.failures is
    'How many attempts failed; a lost lease is not one.';
comment on column render.jobs.max_failures is
    'After how many failures the job has failed, 1 to 100.';
comment on column render.jobs.lost_leases is
    'How many leases ran out; after five the job has failed.';
comment on column render.jobs.backoff_s is
    'Seconds before the first retry, 1 to 86400; doubled for each further one.';
comment on column render.jobs.estimated_s is
    'How many seconds the job is expected to run; null where nobody knows.';
comment on column render.jobs.actual_s is
    'How many seconds the last attempt took; null while the job has not ended, or never began.';
comment on column render.jobs.labels is
    'What a worker must offer, such as gpu; sorted, without doubles, at most 20.';
comment on column render.jobs.project_name is
    'What people call the project, 1 to 500 characters; null without a name.';
comment on column render.jobs.output_name is
    'What people call the result, 1 to 500 characters; null without a name.';
comment on column render.jobs.project_path is
    'The After Effects project to render; null where a template is.';
comment on column render.jobs.template_path is
    'The template to fill and render; null where a project is.';
comment on column render.jobs.data_path is
    'The data that fill the template; null without any.';
comment on column render.jobs.output_path is
    'Where the result goes; may hold a token such as [####].';
comment on column render.jobs.output_path_style is
    'How the output''s path is written.';
comment on column render.jobs.frame_start is
    'The first frame, which may be negative; null for the whole composition.';
comment on column render.jobs.frame_end is
    'The last frame, included; null for the whole composition.';
comment on column render.jobs.frame_step is
    'From a frame to the next, negative to go backwards; null for 1.';
comment on column render.jobs.nexrender_job_id is
    'The job''s uid at nexrender; null where it has none.';
comment on column render.jobs.nexrender_config is
    'The job as nexrender takes it; null where another program renders. render.nexrender_problem says what is wrong with one.';
comment on column render.jobs.submitted_by is
    'Who submitted the job: user:…, token:…, admin:…, dba:… or login:….';
comment on column render.jobs.idempotency_key is
    'The owner''s own name for this submission, 1 to 255 characters: a repeat finds the job instead of making another; null without one.';
comment on column render.jobs.held_by is
    'The worker that runs the job; null unless it runs.';
comment on column render.jobs.lease_expires_at is
    'Until when the worker holds the job unless it reports; null unless it runs.';
comment on column render.jobs.exit_code is
    'The exit code of the last attempt''s program; null where none is known.';
comment on column render.jobs.error_class is
    'The class of the last failure, such as timeout; work.error_classes says which are tried again; null without a failure.';
comment on column render.jobs.error_message is
    'What the last failure said, up to 10000 characters; null without one.';
comment on column render.jobs.cancel_reason is
    'Why a cancellation was asked for, up to 1000 characters; null without a reason.';
comment on column render.jobs.due_at is
    'Before when the job does not start: a given time, or the end of a back-off; null for at once.';
comment on column render.jobs.auto_cancel_at is
    'When the job is cancelled by itself unless it has ended; null for never.';
comment on column render.jobs.queued_at is
    'When the job was submitted, or asked for again.';
comment on column render.jobs.started_at is
    'When the last attempt began; null before the first.';
comment on column render.jobs.completed_at is
    'When the job ended, whichever way; null while it has not.';
comment on column render.jobs.cancel_requested_at is
    'When somebody asked to cancel; a waiting job ends at once, a running one when its worker stops.';

create function render.submit_job()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if new.status not in ('pending', 'queued') then
        raise exception using
            errcode = 'RS005',
            message = format('A new job is queued or pending, not %s.', new.status);
    end if;
    if num_nonnulls(
            new.id,
            new.progress,
            new.attempt,
            new.failures,
            new.lost_leases,
            new.actual_s,
            new.output_path_style,
            new.submitted_by,
            new.held_by,
            new.lease_expires_at,
            new.exit_code,
            new.error_class,
            new.error_message,
            new.cancel_reason,
            new.queued_at,
            new.started_at,
            new.completed_at,
            new.cancel_requested_at
        ) > 0
    then
        raise exception using
            errcode = 'RS005',
            message = 'A new job says what it is to do, not what becomes of it: the database keeps that, and makes the id.';
    end if;
    with job as (
        insert into work.jobs (
            user_id,
            kind,
            priority,
            max_failures,
            backoff_s,
            estimated_s,
            due_at,
            auto_cancel_at,
            labels,
            idempotency_key
        )
        values (
            coalesce(new.user_id, identity.current_user_id()),
            'render',
            coalesce(new.priority, 5::smallint),
            coalesce(new.max_failures, 3),
            coalesce(new.backoff_s, 10),
            new.estimated_s,
            new.due_at,
            new.auto_cancel_at,
            coalesce(new.labels, '{}'),
            new.idempotency_key
        )
        returning *
    ),

    spec as (
        insert into render.specs (
            user_id,
            job_id,
            project_name,
            output_name,
            project_path,
            template_path,
            data_path,
            output_path,
            frame_start,
            frame_end,
            frame_step,
            nexrender_job_id,
            nexrender_config
        )
        select
            job.user_id,
            job.id,
            new.project_name,
            new.output_name,
            new.project_path,
            new.template_path,
            new.data_path,
            new.output_path,
            new.frame_start,
            new.frame_end,
            new.frame_step,
            new.nexrender_job_id,
            new.nexrender_config
        from job
    )

    select
        job.user_id,
        job.id,
        render.to_render(job.status),
        job.priority,
        job.progress,
        job.attempt,
        job.failures,
        job.max_failures,
        job.lost_leases,
        job.backoff_s,
        job.labels,
        job.submitted_by,
        job.queued_at,
        render.path_style(new.output_path)
    into
        new.user_id,
        new.id,
        new.status,
        new.priority,
        new.progress,
        new.attempt,
        new.failures,
        new.max_failures,
        new.lost_leases,
        new.backoff_s,
        new.labels,
        new.submitted_by,
        new.queued_at,
        new.output_path_style
    from job;
    return new;
end
$$;
comment on function render.submit_job() is
    'Trigger: an insert into render.jobs makes the job and its specification.';

create trigger jobs_submit
instead of insert on render.jobs
for each row
execute function render.submit_job();

create function render.change_job()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    asked constant text[] := case current_user
        when 'renderstore_worker' then array[
            'status',
            'attempt',
            'failures',
            'progress',
            'held_by',
            'lease_expires_at',
            'exit_code',
            'error_class',
            'error_message',
            'due_at'
        ]
        else array[
            'project_name',
            'output_name',
            'status',
            'priority',
            'due_at',
            'auto_cancel_at',
            'cancel_requested_at',
            'cancel_reason'
        ]
    end;
begin
    if (old.user_id, old.id) is distinct from (new.user_id, new.id) then
        raise exception using
            errcode = 'RS005',
            message = 'The key and the kind of a row never change.';
    end if;
    -- Only what changes is named, since a role may write some columns and not others.
    if (old.project_name, old.output_name)
        is distinct from (new.project_name, new.output_name)
    then
        update render.specs
        set
            project_name = new.project_name,
            output_name = new.output_name
        where user_id = old.user_id and job_id = old.id;
    end if;
    if (old.project_path, old.template_path, old.data_path, old.output_path)
        is distinct from (
            new.project_path,
            new.template_path,
            new.data_path,
            new.output_path
        )
        or (old.frame_start, old.frame_end, old.frame_step)
        is distinct from (new.frame_start, new.frame_end, new.frame_step)
        or (old.nexrender_job_id, old.nexrender_config)
        is distinct from (new.nexrender_job_id, new.nexrender_config)
    then
        raise exception using
            errcode = 'RS005',
            message = 'What a job is to do does not change once it is submitted; submit another.';
    end if;
    if to_jsonb(old) - asked is distinct from to_jsonb(new) - asked then
        raise exception using
            errcode = 'RS005',
            message = 'An update of render.jobs asks: it changes names, status, priority and times; the database keeps the rest.';
    end if;
    if current_user = 'renderstore_worker' then
        update work.jobs
        set
            status = render.to_work(new.status),
            attempt = new.attempt,
            failures = new.failures,
            progress = new.progress,
            held_by = new.held_by,
            lease_expires_at = new.lease_expires_at,
            exit_code = new.exit_code,
            error_class = new.error_class,
            error_message = new.error_message,
            due_at = new.due_at
        where user_id = old.user_id and id = old.id and attempt = old.attempt
        and status = render.to_work(old.status);
        if not found then
            perform work.refuse_lost_lease();
        end if;
    elsif (
            old.status,
            old.priority,
            old.due_at,
            old.auto_cancel_at,
            old.cancel_requested_at,
            old.cancel_reason
        )
        is distinct from (
            new.status,
            new.priority,
            new.due_at,
            new.auto_cancel_at,
            new.cancel_requested_at,
            new.cancel_reason
        )
    then
        update work.jobs
        set
            status = render.to_work(new.status),
            priority = new.priority,
            due_at = new.due_at,
            auto_cancel_at = new.auto_cancel_at,
            cancel_requested_at = new.cancel_requested_at,
            cancel_reason = new.cancel_reason
        where user_id = old.user_id and id = old.id;
    end if;
    -- What the guard added belongs to the answer; a row that is gone was not updated.
    select jobs.* into new
    from render.jobs
    where jobs.user_id = old.user_id and jobs.id = old.id;
    return case when found then new end;
end
$$;
comment on function render.change_job() is
    'Trigger: an update of render.jobs changes the job beneath, as far as the role may.';

create trigger jobs_change
instead of update on render.jobs
for each row
execute function render.change_job();

create function render.delete_job()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from work.jobs
    where user_id = old.user_id and id = old.id;
    return old;
end
$$;
comment on function render.delete_job() is
    'Trigger: a delete from render.jobs deletes the job and all that hangs on it.';

create trigger jobs_delete
instead of delete on render.jobs
for each row
execute function render.delete_job();

grant select, insert, update, delete on render.jobs
    to renderstore_app, renderstore_admin;
grant select, update on render.jobs to renderstore_worker;
grant select on render.jobs to renderstore_readonly;
