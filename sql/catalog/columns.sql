-- Columns of tables and views. Their order is left out: what was added later stands last.

-- name: list(areas)
-- One row a column.
select
    'column' as kind,
    attrelid::regclass || '.' || quote_ident(attname) as name,
    case when relkind in ('v', 'm') then 'view ' else 'table ' end || attrelid::regclass
        as belongs_to,
    jsonb_strip_nulls(
        jsonb_build_object(
            'type', format_type(atttypid, atttypmod),
            'collation',
            case
                when attcollation <> typcollation then attcollation::regcollation::text
            end,
            'not_null', nullif(attnotnull, false),
            -- From 18 on a column may be NOT NULL without its rows having been checked.
            'not_null_unchecked', (
                select true
                from pg_constraint
                where
                    conrelid = attrelid
                    and contype = 'n'
                    and conkey = array[attnum]
                    and not convalidated
            ),
            'default', pg_get_expr(adbin, adrelid),
            'generated',
            case attgenerated
                when 's' then 'stored'
                when 'v' then 'virtual'
            end,
            'identity',
            case attidentity
                when 'a' then 'always'
                when 'd' then 'by default'
            end,
            'comment', col_description(attrelid, attnum)
        )
    ) as facts
from pg_attribute
join pg_class on pg_class.oid = attrelid
join pg_namespace on pg_namespace.oid = relnamespace
join pg_type on pg_type.oid = atttypid
left join pg_attrdef on adrelid = attrelid and adnum = attnum
where
    nspname = any(:areas)
    and relkind in ('r', 'p', 'f', 'v', 'm')
    and attnum > 0
    and not attisdropped
    and not exists (
        select
        from pg_depend
        where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e'
    );
