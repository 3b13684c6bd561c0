-- Sorts of object that the migrations do not use, so that one in our schemas is noticed.

-- name: list(areas)
-- One row an object, under the words that PostgreSQL has for it.
with found as (
    select
        'pg_statistic_ext'::regclass as class,
        oid,
        stxnamespace as place
    from pg_statistic_ext
    union all
    select
        'pg_operator'::regclass as class,
        oid,
        oprnamespace as place
    from pg_operator
    union all
    select
        'pg_opclass'::regclass as class,
        oid,
        opcnamespace as place
    from pg_opclass
    union all
    select
        'pg_opfamily'::regclass as class,
        oid,
        opfnamespace as place
    from pg_opfamily
    union all
    select
        'pg_collation'::regclass as class,
        oid,
        collnamespace as place
    from pg_collation
    union all
    select
        'pg_conversion'::regclass as class,
        oid,
        connamespace as place
    from pg_conversion
    union all
    select
        'pg_ts_config'::regclass as class,
        oid,
        cfgnamespace as place
    from pg_ts_config
    union all
    select
        'pg_ts_dict'::regclass as class,
        oid,
        dictnamespace as place
    from pg_ts_dict
    union all
    select
        'pg_cast'::regclass as class,
        pg_cast.oid,
        typnamespace as place
    from pg_cast
    join pg_type on pg_type.oid in (castsource, casttarget)
)

select distinct
    object.type as kind,
    object.identity as name,
    case
        when class <> 'pg_cast'::regclass then 'schema ' || place::regnamespace
    end as belongs_to,
    '{}'::jsonb as facts
from found
join pg_namespace on pg_namespace.oid = place
cross join pg_identify_object(class, found.oid, 0) as object
where
    nspname = any(:areas)
    and not exists (
        select
        from pg_depend
        where classid = class and objid = found.oid and deptype = 'e'
    );
