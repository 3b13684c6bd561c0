-- Each transition on its own, for people: the submission, which the job itself says, the claims, which the row of their end
-- carries, and the claim that is running now.
-- depends: 0052.report-on-jobs

set local role renderstore_owner;

create function work.holder(held_by text)
returns text
language sql
immutable
parallel safe
return case
    when held_by ~ '^(token|user|admin|dba|login):' then held_by
    else 'worker:' || held_by
end;
comment on function work.holder(text) is
    'A job''s holder as events name who acts: the opposite of work.current_worker.';

grant execute on function work.holder(text)
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

create view work.history
with (security_invoker = true) as
select
    e.user_id,
    e.job_id,
    e.id as place,
    e.began_at as happened_at,
    e.attempt,
    case e.before
        when 'validating' then 'pending'::work.job_status
        else 'queued'
    end as before,
    e.before as after,
    work.holder(e.held_by) as actor,
    null::text as error_class,
    null::text as reason
from work.events as e
where e.began_at is not null
union all
select
    e.user_id,
    e.job_id,
    e.id as place,
    e.happened_at,
    e.attempt,
    e.before,
    e.after,
    e.actor,
    e.error_class,
    e.reason
from work.events as e
union all
select
    j.user_id,
    j.id,
    null as place,
    j.started_at,
    j.attempt,
    case j.status
        when 'validating' then 'pending'::work.job_status
        else 'queued'
    end as before,
    j.status,
    work.holder(j.held_by) as actor,
    null as error_class,
    null as reason
from work.jobs as j
where j.status in ('running', 'validating');

comment on view work.history is
    'One row a transition of a job, claims included. Order it by place, a claim before its end.';
comment on column work.history.user_id is
    'The user who owns the job.';
comment on column work.history.job_id is
    'The job.';
comment on column work.history.place is
    'The event''s position; a claim has that of its end, and null while it runs.';
comment on column work.history.happened_at is
    'When it happened.';
comment on column work.history.attempt is
    'The attempt during which it happened, or that it began.';
comment on column work.history.before is
    'The status that was left.';
comment on column work.history.after is
    'The status that followed.';
comment on column work.history.actor is
    'Who did it.';
comment on column work.history.error_class is
    'The class of the failure; null without one.';
comment on column work.history.reason is
    'What the failure said, or why it was cancelled; null without a reason.';

grant select on work.history
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
