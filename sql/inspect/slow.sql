-- What costs the most time, where pg_stat_statements runs, then what runs now. A query of ours has its name behind the
-- first word, and is one row whoever runs it. What functions run is their callers' time: counted apart only where
-- pg_stat_statements.track is all, and not shown.
\ir quiet.psql
select
    coalesce(
        (
            select namespace.nspname
            from pg_extension as extension
            join pg_namespace as namespace on namespace.oid = extension.extnamespace
            where extension.extname = 'pg_stat_statements'
                and has_schema_privilege(namespace.oid, 'usage')
                and string_to_array(extension.extversion, '.')::integer[] >= '{1,9}'
                -- Installed but not preloaded, its view raises an error.
                and current_setting('pg_stat_statements.max', true) is not null
        ),
        ''
    ) as statements_schema,
    current_setting('pg_stat_statements.max', true) is not null as is_loaded,
    exists (
        select
        from pg_extension
        where extname = 'pg_stat_statements'
    ) as is_created
\gset
select :'statements_schema' <> '' as has_statements
\gset
\ir loud.psql
\if :has_statements
    with statements as (
        select
            coalesce(
                substring(query from '^\W*\w+ /\* ([a-z_]+(?:\.[a-z_]+)+) \*/'),
                regexp_replace(regexp_replace(coalesce(query, '(its text was lost)'), '--[^\n]*', '', 'g'), '\s+', ' ', 'g')
            ) as statement,
            calls,
            total_exec_time,
            shared_blks_hit,
            shared_blks_read
        from :"statements_schema".pg_stat_statements
        where dbid = (select oid from pg_database where datname = current_database())
            and toplevel
    )

    select
        round(100 * (sum(total_exec_time) / nullif((select sum(total_exec_time) from statements), 0))::numeric) as percent,
        round(sum(total_exec_time)::numeric / 1000, 1) as total_s,
        sum(calls) as calls,
        round((sum(total_exec_time) / greatest(sum(calls), 1))::numeric, 2) as mean_ms,
        round(100.0 * sum(shared_blks_hit) / nullif(sum(shared_blks_hit + shared_blks_read), 0)) as cached,
        case when length(statement) > 27 then rtrim(regexp_replace(left(statement, 108), '\s*(.{1,27})', E'\\1\n', 'g'), E'\n') else statement end as statement
    from statements
    group by statements.statement
    order by sum(total_exec_time) desc, statements.statement
    limit 20;
\elif :is_created
    \if :is_loaded
        \echo 'pg_stat_statements is of an older server, or in a schema that this role may not'
        \echo 'use. A superuser types, once, with the schema that \\dx shows:'
        \echo '  alter extension pg_stat_statements update;'
        \echo '  grant usage on schema SCHEMA to renderstore_readonly;'
    \else
        \echo 'pg_stat_statements is created, but not loaded. A superuser adds it to'
        \echo 'shared_preload_libraries and restarts the server.'
    \endif
\elif :is_loaded
    \echo 'pg_stat_statements is loaded, but not created here. A superuser types, once:'
    \echo '  create extension pg_stat_statements;'
\else
    \echo 'pg_stat_statements does not run here. A superuser adds it to'
    \echo 'shared_preload_libraries, restarts the server and types, in this database:'
    \echo '  create extension pg_stat_statements;'
\endif
\echo 'Running now:'
\ir running.sql
\unset statements_schema
\unset has_statements
\unset is_loaded
\unset is_created
