-- A function with its owner's rights fixes its search_path, and not to public or to the caller's.
select
    violator,
    settings::text as detail
from style.functions
where is_definer
    and not exists (
        select
        from unnest(settings) as setting
        where setting ^@ 'search_path='
            and setting !~ 'public|\$user'
    );

-- Broken by: ops.stray, ops.astray
create function ops.stray() returns integer language sql security definer return 1;
create function ops.astray() returns integer
language sql security definer set search_path = public return 1;
