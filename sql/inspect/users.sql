-- Which user fills the queue: who has most jobs in line, of the first million. In the order of an index, and the rest of
-- each one's jobs by the user's own.
\ir jobs.psql
\if :sees_farm
    with line as materialized (
        select
            few.user_id,
            count(*) as jobs
        from (select user_id from work.ready order by user_id, job_id limit 1000000) as few
        group by few.user_id
    ),

    most as (
        select
            user_id,
            jobs,
            false as is_paused
        from line
        union all
        select
            paused.user_id,
            theirs.jobs,
            true as is_paused
        from (select user_id from work.user_pauses order by user_id limit 1000) as paused
        cross join lateral (
            select count(*) as jobs
            from (select from work.jobs where user_id = paused.user_id and status = 'queued' order by user_id, status, id limit 100000) as few
        ) as theirs
        where theirs.jobs > 0
        order by jobs desc, user_id
        limit 20
    )

    select
        format(
            E'%s\n%s',
            coalesce(case when length(users.email) > 36 then left(users.email, 35) || '…' else users.email end, '(erased)'),
            most.user_id
        ) as user_and_id,
        most.jobs || case when most.is_paused then E'\npaused' else '' end as queued,
        round(100.0 * most.jobs / nullif((select sum(line.jobs) from line), 0))
        || ' %' as in_line,
        theirs.pending,
        theirs.running
    from most
    left join identity.users on users.id = most.user_id
    cross join lateral (
        select
            (select count(*) from (select from work.jobs where user_id = most.user_id and status = 'pending' order by user_id, status, id limit 100000) as few) as pending,
            (select count(*) from (select from work.jobs where user_id = most.user_id and status = 'running' order by user_id, status, id limit 100000) as few) as running
    ) as theirs
    order by most.jobs desc, most.user_id;
    \ir empty.psql
    \if :is_empty
        \echo 'Nobody''s jobs wait in line.'
    \endif
    \unset is_empty
\endif
\unset sees_jobs
\unset sees_farm
