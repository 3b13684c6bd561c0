-- Triggers of tables and views, save those that hold foreign keys.

-- name: list(areas)
-- One row a trigger.
select
    'trigger' as kind,
    tgrelid::regclass || '.' || quote_ident(tgname) as name,
    case when relkind in ('v', 'm') then 'view ' else 'table ' end || tgrelid::regclass
        as belongs_to,
    jsonb_strip_nulls(
        jsonb_build_object(
            'definition', pg_get_triggerdef(pg_trigger.oid),
            'enabled',
            case tgenabled
                when 'D' then 'never'
                when 'R' then 'replica'
                when 'A' then 'always'
            end,
            'comment', obj_description(pg_trigger.oid, 'pg_trigger')
        )
    ) as facts
from pg_trigger
join pg_class on pg_class.oid = tgrelid
join pg_namespace on pg_namespace.oid = relnamespace
where
    nspname = any(:areas)
    and not tgisinternal
    and not exists (
        select
        from pg_depend
        where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e'
    );
