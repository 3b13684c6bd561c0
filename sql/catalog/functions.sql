-- Functions, procedures and aggregates.

-- name: list(areas)
-- One row a function; another list of arguments is another function.
select
    'function' as kind,
    pg_proc.oid::regprocedure::text as name,
    'schema ' || pronamespace::regnamespace::text as belongs_to,
    jsonb_strip_nulls(
        jsonb_build_object(
            'owner', pg_get_userbyid(proowner),
            'sort',
            case prokind
                when 'p' then 'procedure'
                when 'a' then 'aggregate'
                when 'w' then 'window function'
            end,
            'arguments', pg_get_function_arguments(pg_proc.oid),
            'returns', pg_get_function_result(pg_proc.oid),
            'language', lanname,
            'volatility',
            case provolatile
                when 'i' then 'immutable'
                when 's' then 'stable'
                else 'volatile'
            end,
            'parallel',
            case proparallel
                when 's' then 'safe'
                when 'r' then 'restricted'
                else 'unsafe'
            end,
            'strict', nullif(proisstrict, false),
            'leakproof', nullif(proleakproof, false),
            'security_definer', nullif(prosecdef, false),
            'cost', nullif(procost, 100),
            'rows', nullif(prorows, case when proretset then 1000 else 0 end),
            'settings', (
                select jsonb_agg(setting order by setting collate "C")
                from unnest(proconfig) as setting
            ),
            'library', probin,
            -- Where a file was written on Windows, its lines end otherwise.
            'body',
            replace(
                coalesce(pg_get_function_sqlbody(pg_proc.oid), prosrc),
                chr(13),
                ''
            ),
            'comment', obj_description(pg_proc.oid, 'pg_proc')
        )
    ) as facts
from pg_proc
join pg_namespace on pg_namespace.oid = pronamespace
join pg_language on pg_language.oid = prolang
where
    nspname = any(:areas)
    and not exists (
        select
        from pg_depend
        where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e'
    );
