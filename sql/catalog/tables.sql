-- Tables and views of every sort.

-- name: list(areas)
-- One row a table or view.
select
    case when relkind in ('v', 'm') then 'view' else 'table' end as kind,
    pg_class.oid::regclass::text as name,
    'schema ' || relnamespace::regnamespace::text as belongs_to,
    jsonb_strip_nulls(
        jsonb_build_object(
            'owner', pg_get_userbyid(relowner),
            'sort',
            case relkind
                when 'm' then 'materialized'
                when 'f' then 'foreign'
            end,
            'persistence',
            case relpersistence
                when 'u' then 'unlogged'
                when 't' then 'temporary'
            end,
            'row_security', nullif(relrowsecurity, false),
            'forced', nullif(relforcerowsecurity, false),
            'options', (
                select jsonb_agg(option order by option collate "C")
                from unnest(reloptions) as option
            ),
            'replica_identity',
            case
                when relkind not in ('r', 'p') then null
                when relreplident = 'f' then 'full'
                when relreplident = 'n' then 'nothing'
                when relreplident = 'i' then 'index'
            end,
            'partition_key', pg_get_partkeydef(pg_class.oid),
            'partition_bound', pg_get_expr(relpartbound, pg_class.oid),
            'parents', (
                select jsonb_agg(inhparent::regclass::text order by inhseqno)
                from pg_inherits
                where inhrelid = pg_class.oid
            ),
            -- A child's rows show in its parent, wherever the child stands.
            'children', (
                select jsonb_agg(child order by child collate "C")
                from (
                    select inhrelid::regclass::text as child
                    from pg_inherits
                    where inhparent = pg_class.oid
                ) as named
            ),
            'definition',
            case
                when relkind in ('v', 'm') then rtrim(pg_get_viewdef(pg_class.oid), ';')
            end,
            'comment', obj_description(pg_class.oid, 'pg_class')
        )
    ) as facts
from pg_class
join pg_namespace on pg_namespace.oid = relnamespace
where
    nspname = any(:areas)
    and relkind in ('r', 'p', 'f', 'v', 'm')
    and not exists (
        select
        from pg_depend
        where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e'
    );
