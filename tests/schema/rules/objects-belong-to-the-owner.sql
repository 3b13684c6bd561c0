-- Every object of the areas belongs to renderstore_owner.
select
    violator,
    pg_get_userbyid(owner) as detail
from (
    select
        areas.area as violator,
        pg_namespace.nspowner as owner
    from style.areas
    join pg_namespace on pg_namespace.oid = areas.oid
    union all
    select
        format('%s.%s', areas.area, class.relname) as violator,
        class.relowner as owner
    from pg_class as class
    join style.areas on areas.oid = class.relnamespace
    union all
    select
        functions.violator,
        functions.owner
    from style.functions
    union all
    select
        types.violator,
        types.owner
    from style.types
) as owned
where pg_get_userbyid(owner) <> 'renderstore_owner';

-- Broken by: authjs, authjs.stray
alter schema authjs owner to current_user;
create function authjs.stray() returns integer language sql return 1;
