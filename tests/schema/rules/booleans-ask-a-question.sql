-- A boolean begins with is_, has_ or can_ and is never negative (authjs follows Auth.js).
select violator
from style.columns
where area <> 'authjs'
    and type = 'boolean'
    and (
        name !~ '^(is|has|can)_'
        or name ~ '_(not|no|never|disabled|inactive|invalid|unavailable)(_|$)'
    );

-- Broken by: ops.strays.active, ops.strays.is_not_seen, ops.strays.is_disabled
create table ops.strays (active boolean, is_not_seen boolean, is_disabled boolean);
