-- Which worker holds which job, since when, and how long its lease lasts; the leases that end first, first. Of the
-- first 10,000; in the order of an index, since behind a policy the planner takes a status for a sixth of the table.
\ir jobs.psql
\if :sees_jobs
    select
        held.held_by as worker,
        held.id as job,
        held.status,
        held.attempt,
        held.progress,
        date_trunc('seconds', now() - held.started_at) as runs_for,
        date_trunc('seconds', held.lease_expires_at - now()) as lease_ends_in,
        held.cancel_requested_at is not null as should_stop
    from (
        (select * from work.jobs where status = 'running' order by status, id limit 10000)
        union all
        (select * from work.jobs where status = 'validating' order by status, id limit 10000)
    ) as held
    order by held.lease_expires_at, held.user_id, held.id
    limit 100;
\endif
\unset sees_jobs
