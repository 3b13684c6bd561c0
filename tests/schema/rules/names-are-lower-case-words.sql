-- Every name is lower-case words joined by underscores (authjs follows Auth.js).
select violator
from (
    select violator, name, area from style.tables
    union all
    select violator, name, area from style.views
    union all
    select violator, name, area from style.columns
    union all
    select violator, name, area from style.constraints
    union all
    select violator, name, area from style.indexes
    union all
    select violator, name, area from style.functions
    union all
    select violator, name, area from style.types
) as named
where name !~ '^[a-z][a-z0-9]*(_[a-z0-9]+)*$'
    and area <> 'authjs';

-- Broken by: ops.Strays, ops.Strays.userId
create table ops."Strays" ("userId" uuid);
