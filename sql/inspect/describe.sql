-- One table or view: columns, constraints, indexes and triggers with their comments.
\prompt 'Table, with its area (identity.users): ' asked
\ir quiet.psql
select
    coalesce(max(class.oid), 0) as described,
    count(*) > 0 as is_found
from pg_class as class
join pg_namespace as namespace on namespace.oid = class.relnamespace
where class.relkind in ('r', 'p', 'v', 'm')
    and namespace.nspname || '.' || class.relname = lower(trim(:'asked'))
\gset
\if :is_found
    select obj_description(:described, 'pg_class') as :"asked"
    \g (format=wrapped)
    select
        attname as column,
        format_type(atttypid, atttypmod) as type,
        case
            when attnotnull then 'not null'
            else 'null'
        end as null,
        pg_get_expr(adbin, adrelid) as default,
        col_description(attrelid, attnum) as comment
    from pg_attribute
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where attrelid = :described
        and attnum > 0
        and not attisdropped
    order by attnum
    \g (format=wrapped)
    select
        conname as constraint,
        pg_get_constraintdef(oid) as definition,
        obj_description(oid, 'pg_constraint') as comment
    from pg_constraint
    where :described in (conrelid, confrelid)
        and contype <> 'n'
    order by conrelid <> :described, contype, conname
    \g (format=wrapped)
    select
        indexrelid::regclass as index,
        pg_get_indexdef(indexrelid) as definition,
        obj_description(indexrelid, 'pg_class') as comment
    from pg_index
    where indrelid = :described
        and not exists (
            select
            from pg_constraint
            where conindid = pg_index.indexrelid
                and contype in ('p', 'u', 'x')
        )
    order by 1
    \g (format=wrapped)
    select
        tgname as trigger,
        pg_get_triggerdef(oid) as definition
    from pg_trigger
    where tgrelid = :described
        and not tgisinternal
    order by tgname
    \g (format=wrapped)
\else
    \echo 'There is no table or view' :'asked' '(write it with its area; :tables lists them all).'
\endif
\ir loud.psql
\unset asked
\unset described
\unset is_found
