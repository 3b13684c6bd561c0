-- What failed in the last hour, by class: attempts that ended a job, and those that are tried again. Among the last
-- 200,000 transitions of the farm's jobs.
\ir jobs.psql
\if :sees_jobs
    \ir events.psql
    select
        count(*) filter (where failures.after = 'failed') as failed,
        count(*) filter (where failures.after <> 'failed') as again,
        regexp_replace(date_trunc('seconds', now() - max(failures.happened_at))::text, ' days?', 'd') as last_ago,
        format(
            E'%s%s\n%s\n%s',
            left(failures.error_class, 48),
            coalesce(
                E'\n' || left(
                    format(
                        '%s of %s by %s',
                        max(failures.by_worker),
                        count(*),
                        mode() within group (order by failures.held_by)
                    ),
                    48
                ),
                ''
            ),
            (array_agg(failures.job_id order by failures.id desc))[1],
            rtrim(
                regexp_replace(
                    left(regexp_replace((array_agg(failures.reason order by failures.id desc))[1], '\s+', ' ', 'g'), 140),
                    '\s*(.{1,48})',
                    E'\\1\n',
                    'g'
                ),
                E'\n'
            )
        ) as class_last_job_last_message
    from (
        select
            id,
            job_id,
            after,
            happened_at,
            error_class,
            reason,
            held_by,
            count(*) over (partition by error_class, held_by) as by_worker
        from work.events
        where id > :events_after
            and error_class is not null
            and happened_at > now() - interval '1 hour'
    ) as failures
    group by failures.error_class
    order by count(*) desc, failures.error_class
    limit 50;
    \ir empty.psql
    \ir quiet.psql
    select coalesce(:events_after > 0 and min(happened_at) > now() - interval '1 hour', false) as is_cut
    from work.events
    where id > :events_after
    \gset
    \ir loud.psql
    \if :is_cut
        \echo 'Of the last 200,000 changes alone: the hour may have had more.'
    \endif
    \unset is_cut
    \if :is_empty
        \echo 'Nothing failed in the last hour.'
    \endif
    \unset is_empty
    \unset events_after
\endif
\unset sees_jobs
\unset sees_farm
