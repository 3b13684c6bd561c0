-- A render job as one row, in the words of the trade. An insert submits; whatever else
-- becomes of a job is asked by a function.
-- depends: 0063.create-outputs

set local role renderstore_owner;

create type render.render_status as enum (
    'pending',
    'validating',
    'queued',
    'rendering',
    'completed',
    'failed',
    'cancelled'
);
comment on type render.render_status is
    'Where a render job stands, in the words of the trade: rendering is work.job_status''s running.';

create function render.to_render(status work.job_status)
returns render.render_status
language sql
immutable
parallel safe
return case status
    when 'pending' then 'pending'::render.render_status
    when 'validating' then 'validating'
    when 'queued' then 'queued'
    when 'running' then 'rendering'
    when 'completed' then 'completed'
    when 'failed' then 'failed'
    when 'cancelled' then 'cancelled'
end;
comment on function render.to_render(work.job_status) is
    'The same status in the words of the trade.';

create function render.to_work(status render.render_status)
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
comment on function render.to_work(render.render_status) is
    'The same status in the words of the queue.';

grant execute on function
    render.to_render(work.job_status),
    render.to_work(render.render_status)
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
    -- Without their domains: an insert's values are looked at once, where the function puts them.
    s.project_path::text as project_path,
    s.template_path::text as template_path,
    s.data_path::text as data_path,
    s.output_path::text as output_path,
    -- The cast: a type has the name of the function too.
    render.path_style(s.output_path::text) as output_path_style,
    s.frame_start,
    s.frame_end,
    s.frame_step,
    s.nexrender_job_id,
    s.nexrender_config::jsonb as nexrender_config,
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
    'One row a render job: its life from work.jobs and its content from render.specs. Insert submits; functions change.';
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

grant select on render.jobs
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
