-- What failed in the last hour, by class: jobs that have ended so, and those that are tried again. Of each the 20,000
-- that were submitted last are looked at.
\ir jobs.psql
\if :sees_jobs
    select
        failures.error_class,
        count(*) filter (where failures.status = 'failed') as failed,
        count(*) filter (where failures.status = 'pending') as tried_again,
        date_trunc('seconds', now() - max(failures.at)) as last_ago,
        (array_agg(failures.id order by failures.at desc, failures.id desc))[1] as last_job,
        left((array_agg(failures.error_message order by failures.at desc, failures.id desc))[1], 200) as last_message
    from (
        select
            id,
            status,
            error_class,
            error_message,
            completed_at as at
        from (select * from work.jobs where status = 'failed' order by status desc, id desc limit 20000) as failed
        where completed_at > now() - interval '1 hour'
        union all
        select
            id,
            status,
            error_class,
            error_message,
            started_at as at
        from (select * from work.jobs where status = 'pending' order by status desc, id desc limit 20000) as pending
        where error_class is not null and started_at > now() - interval '1 hour'
    ) as failures
    group by failures.error_class
    order by count(*) desc, failures.error_class;
\endif
\unset sees_jobs
