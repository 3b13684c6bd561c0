-- How many connections, of whom, in which state, and how many of all are taken.
select
    datname as database,
    usename as login,
    coalesce(nullif(application_name, ''), '(unnamed)') as program,
    coalesce(state, '(may not be seen)') as state,
    count(*) as connections,
    date_trunc('seconds', clock_timestamp() - min(backend_start)) as oldest,
    date_trunc('seconds', clock_timestamp() - min(state_change)) as longest_in_state,
    format(
        '%s of %s',
        (select sum(numbackends) from pg_stat_database),
        current_setting('max_connections')
    ) as taken
from pg_stat_activity
where usename is not null
    and datname is not null
group by datname, usename, 3, 4
order by connections desc, datname, usename, 3, 4;
\ir blind.psql
