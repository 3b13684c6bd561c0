-- Sequences, those of identity columns too; where they stand is data.

-- name: list(areas)
-- One row a sequence.
select
    'sequence' as kind,
    seqrelid::regclass::text as name,
    coalesce(
        (
            select 'column ' || refobjid::regclass || '.' || quote_ident(attname)
            from pg_depend
            join pg_attribute on attrelid = refobjid and attnum = refobjsubid
            where
                classid = 'pg_class'::regclass
                and objid = seqrelid
                and refclassid = 'pg_class'::regclass
                and deptype in ('a', 'i')
        ),
        'schema ' || relnamespace::regnamespace
    ) as belongs_to,
    jsonb_strip_nulls(
        jsonb_build_object(
            'owner', pg_get_userbyid(relowner),
            'type', format_type(seqtypid, null),
            'start', seqstart,
            'increment', seqincrement,
            'minimum', seqmin,
            'maximum', seqmax,
            'cache', seqcache,
            'cycles', nullif(seqcycle, false),
            'persistence',
            case relpersistence
                when 'u' then 'unlogged'
                when 't' then 'temporary'
            end,
            'comment', obj_description(seqrelid, 'pg_class')
        )
    ) as facts
from pg_sequence
join pg_class on pg_class.oid = seqrelid
join pg_namespace on pg_namespace.oid = relnamespace
where
    nspname = any(:areas)
    and not exists (
        select
        from pg_depend
        where classid = 'pg_class'::regclass and objid = seqrelid and deptype = 'e'
    );
