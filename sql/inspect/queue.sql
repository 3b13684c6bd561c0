-- How many jobs stand in each status, up to a million, and since when the oldest of them. A status at a time and in the
-- order of its index: behind a policy the planner takes one for a sixth of the table, and several for the whole.
\ir jobs.psql
\if :sees_jobs
    select
        counted.status,
        counted.jobs || case when counted.jobs = 1000000 then '+' else '' end as jobs,
        regexp_replace(date_trunc('seconds', now() - oldest.queued_at)::text, ' days?', 'd') as oldest_waits,
        oldest.id as oldest_job
    from (
        values
        (1, 'pending', (select count(*) from (select from work.jobs where status = 'pending' order by status, id limit 1000000) as few), (select id from work.jobs where status = 'pending' order by status, id limit 1)),
        (2, 'validating', (select count(*) from (select from work.jobs where status = 'validating' order by status, id limit 1000000) as few), (select id from work.jobs where status = 'validating' order by status, id limit 1)),
        (3, 'queued', (select count(*) from (select from work.jobs where status = 'queued' order by status, id limit 1000000) as few), (select id from work.jobs where status = 'queued' order by status, id limit 1)),
        (4, 'running', (select count(*) from (select from work.jobs where status = 'running' order by status, id limit 1000000) as few), (select id from work.jobs where status = 'running' order by status, id limit 1)),
        (5, 'completed', (select count(*) from (select from work.jobs where status = 'completed' order by status, id limit 1000000) as few), null),
        (6, 'failed', (select count(*) from (select from work.jobs where status = 'failed' order by status, id limit 1000000) as few), null),
        (7, 'cancelled', (select count(*) from (select from work.jobs where status = 'cancelled' order by status, id limit 1000000) as few), null)
    ) as counted (place, status, jobs, oldest_id)
    left join lateral (
        select
            id,
            queued_at
        from work.jobs
        where status = any(enum_range(null::work.job_status)) and id = counted.oldest_id
        limit 1
    ) as oldest on true
    order by counted.place;
\endif
\unset sees_jobs
\unset sees_farm
