-- Types of our own: enums, domains, composites, ranges. A table's row type is the table's.

-- name: list(areas)
-- One row a type.
select
    'type' as kind,
    pg_type.oid::regtype::text as name,
    'schema ' || typnamespace::regnamespace::text as belongs_to,
    jsonb_strip_nulls(
        jsonb_build_object(
            'owner', pg_get_userbyid(typowner),
            'sort',
            case typtype
                when 'e' then 'enum'
                when 'd' then 'domain'
                when 'c' then 'composite'
                when 'r' then 'range'
                else 'base'
            end,
            'values', (
                select jsonb_agg(enumlabel order by enumsortorder)
                from pg_enum
                where enumtypid = pg_type.oid
            ),
            'base',
            case
                when typtype = 'd' then format_type(typbasetype, typtypmod)
            end,
            'not_null', nullif(typnotnull, false),
            'default', pg_get_expr(typdefaultbin, 0),
            'attributes', (
                select
                    jsonb_agg(
                        quote_ident(attname) || ' ' || format_type(atttypid, atttypmod)
                        order by attnum
                    )
                from pg_attribute
                where
                    attrelid = typrelid
                    and typtype = 'c'
                    and attnum > 0
                    and not attisdropped
            ),
            'subtype', (
                select rngsubtype::regtype::text
                from pg_range
                where rngtypid = pg_type.oid
            ),
            'comment', obj_description(pg_type.oid, 'pg_type')
        )
    ) as facts
from pg_type
join pg_namespace on pg_namespace.oid = typnamespace
where
    nspname = any(:areas)
    and (
        typtype in ('e', 'd', 'r')
        or (
            typtype = 'c'
            and exists (
                select
                from pg_class
                where pg_class.oid = typrelid and relkind = 'c'
            )
        )
        -- What holds others is made with them.
        or (
            typtype = 'b'
            and not exists (
                select
                from pg_type as one
                where one.typarray = pg_type.oid
            )
        )
    )
    and not exists (
        select
        from pg_depend
        where classid = 'pg_type'::regclass and objid = pg_type.oid and deptype = 'e'
    );
