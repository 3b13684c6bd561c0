-- A function looks up no name where its caller may put one: it says `set search_path = pg_catalog, pg_temp` (pg_temp
-- last, or a temporary type comes first), or its names were bound when it was made (`begin atomic`, `return`)
-- and it calls nobody but pg_catalog and us. With its owner's rights it says so in any case.
select
    functions.violator,
    functions.settings::text as detail
from style.functions
join pg_proc on pg_proc.oid = functions.oid
where not coalesce(
    functions.settings @> array['search_path=pg_catalog, pg_temp'],
    false
)
and (
    functions.is_definer
    or pg_proc.prosqlbody is null
    or exists (
        select
        from pg_depend
        join pg_proc as called on called.oid = pg_depend.refobjid
        where pg_depend.classid = 'pg_proc'::regclass
            and pg_depend.objid = functions.oid
            and pg_depend.refclassid = 'pg_proc'::regclass
            and called.pronamespace not in (select areas.oid from style.areas)
    )
);

-- Broken by: ops.stray, ops.astray, ops.empty, ops.invoker, ops.caller, ops.atomic
create function ops.stray() returns integer language sql security definer return 1;
create function ops.astray() returns integer
language sql security definer set search_path = public return 1;
create function ops.empty() returns date
language plpgsql security definer set search_path = '' as 'begin return now()::date; end';
create function ops.invoker() returns date
language plpgsql as 'begin return now()::date; end';
create function pg_temp.stranger() returns integer language sql return 1;
create function ops.caller() returns integer language sql return pg_temp.stranger();
create function ops.atomic() returns integer language sql security definer
set search_path = pg_catalog
return 1;
create function ops.sound() returns date language plpgsql
set search_path = pg_catalog, pg_temp as 'begin return now()::date; end';
create function ops.bound() returns date language sql return now()::date;
