-- Indexes, those behind constraints too.

-- name: list(areas)
-- One row an index.
select
    'index' as kind,
    indexrelid::regclass::text as name,
    coalesce(
        (
            select 'constraint ' || conrelid::regclass || '.' || quote_ident(conname)
            from pg_constraint
            where conindid = indexrelid and contype in ('p', 'u', 'x')
        ),
        'table ' || indrelid::regclass
    ) as belongs_to,
    jsonb_strip_nulls(
        jsonb_build_object(
            'definition', pg_get_indexdef(indexrelid),
            -- What a failed `create index concurrently` leaves.
            'invalid', nullif(not (indisvalid and indisready and indislive), false),
            'comment', obj_description(indexrelid, 'pg_class')
        )
    ) as facts
from pg_index
join pg_class on pg_class.oid = indrelid
join pg_namespace on pg_namespace.oid = relnamespace
where
    nspname = any(:areas)
    and not exists (
        select
        from pg_depend
        where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e'
    );
