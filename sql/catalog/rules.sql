-- Rewrite rules, save the one that makes a view.

-- name: list(areas)
-- One row a rule.
select
    'rule' as kind,
    ev_class::regclass || '.' || quote_ident(rulename) as name,
    case when relkind in ('v', 'm') then 'view ' else 'table ' end || ev_class::regclass
        as belongs_to,
    jsonb_strip_nulls(
        jsonb_build_object(
            'definition', pg_get_ruledef(pg_rewrite.oid),
            'enabled',
            case ev_enabled
                when 'D' then 'never'
                when 'R' then 'replica'
                when 'A' then 'always'
            end,
            'comment', obj_description(pg_rewrite.oid, 'pg_rewrite')
        )
    ) as facts
from pg_rewrite
join pg_class on pg_class.oid = ev_class
join pg_namespace on pg_namespace.oid = relnamespace
where
    nspname = any(:areas)
    and rulename <> '_RETURN'
    and not exists (
        select
        from pg_depend
        where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e'
    );
