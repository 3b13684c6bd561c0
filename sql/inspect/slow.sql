-- What costs the most time, where pg_stat_statements runs, then what runs now.
\ir quiet.psql
select
    coalesce(
        (
            select namespace.nspname
            from pg_extension as extension
            join pg_namespace as namespace on namespace.oid = extension.extnamespace
            where extension.extname = 'pg_stat_statements'
                and has_schema_privilege(namespace.oid, 'usage')
                -- Installed but not preloaded, its view raises an error.
                and current_setting('pg_stat_statements.max', true) is not null
        ),
        ''
    ) as statements_schema
\gset
select :'statements_schema' <> '' as has_statements
\gset
\ir loud.psql
\if :has_statements
    select
        round(total_exec_time::numeric / 1000, 1) as total_seconds,
        calls,
        round(mean_exec_time::numeric, 2) as mean_ms,
        round(max_exec_time::numeric, 1) as max_ms,
        rows,
        round(100.0 * shared_blks_hit / nullif(shared_blks_hit + shared_blks_read, 0), 1) as cached_percent,
        rtrim(regexp_replace(left(regexp_replace(query, '\s+', ' ', 'g'), 300), '(.{1,44})(\s+|$)', E'\\1\n', 'g'), E'\n') as query
    from :"statements_schema".pg_stat_statements
    where dbid = (select oid from pg_database where datname = current_database())
    order by total_exec_time desc
    limit 20;
\else
    \echo 'pg_stat_statements does not run here. A DBA adds it to shared_preload_libraries, restarts the server and runs: create extension pg_stat_statements;'
\endif
\echo 'Running now:'
\ir running.sql
\unset statements_schema
\unset has_statements
