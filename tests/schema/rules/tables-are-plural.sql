-- A table or view is a plural noun without its area's name in front (authjs follows Auth.js).
select violator
from (
    select violator, area, name from style.tables
    union all
    select violator, area, name from style.views
) as named
where area <> 'authjs'
    and (
        name !~ '(s|people|media|data|children|statistics)$'
        or name ~ '(ss|us)$'
        or name ^@ (area || '_')
    );

-- Broken by: ops.stray, ops.status, ops.ops_strays
create table ops.stray (id uuid);
create view ops.status as select 1 as one;
create table ops.ops_strays (id uuid);
