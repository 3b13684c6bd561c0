-- Which worker holds which job, since when, and how long its lease lasts; the leases that end first, first. Of the
-- first 10,000; in the order of an index, since behind a policy the planner takes a status for a sixth of the table.
\ir jobs.psql
\if :sees_jobs
    select
        format(
            E'%s\n%s',
            case when length(held.held_by) > 36 then left(held.held_by, 35) || '…' else held.held_by end,
            held.id
        ) as worker_and_job,
        format(
            E'%s, attempt %s\n%s %%, for %s',
            held.status,
            held.attempt,
            held.progress,
            regexp_replace(date_trunc('seconds', now() - held.started_at)::text, ' days?', 'd')
        ) as state,
        regexp_replace(date_trunc('seconds', held.lease_expires_at - now())::text, ' days?', 'd')
        || case when held.cancel_requested_at is not null then E'\nshould stop' else '' end as lease_ends_in
    from (
        (select * from work.jobs where status = 'running' order by status, id limit 10000)
        union all
        (select * from work.jobs where status = 'validating' order by status, id limit 10000)
    ) as held
    order by held.lease_expires_at, held.user_id, held.id
    limit 100;
    \ir empty.psql
    \if :is_empty
        \echo 'No worker holds a job.'
    \endif
    \unset is_empty
\endif
\unset sees_jobs
\unset sees_farm
