-- How many connections, of whom, in which state, and how many of all are taken.
select
    format(
        E'%s\n%s\n%s',
        left(datname, 34),
        left(usename, 34),
        coalesce(nullif(left(application_name, 34), ''), '(unnamed)')
    ) as database_login_program,
    coalesce(
        case when state ^@ 'idle in transaction' then 'idle, open' else left(state, 16) end,
        '(hidden)'
    ) as state,
    count(*) as count,
    regexp_replace(date_trunc('seconds', clock_timestamp() - min(state_change))::text, ' days?', 'd') as longest
from pg_stat_activity
where usename is not null
    and datname is not null
group by datname, usename, application_name, 2
order by count(*) desc, datname, usename, application_name, 2
limit 100;
select format(
    '%s of %s connections are taken; %s are kept for superusers.',
    (select sum(numbackends) from pg_stat_database),
    current_setting('max_connections'),
    current_setting('superuser_reserved_connections')
) as taken
\g (format=unaligned tuples_only=on)
\ir blind.psql
