-- A quantity's unit is its last word (authjs follows Auth.js).
select violator
from style.columns
where area <> 'authjs'
    and name ~ '(^|_)(bytes|ms|s|seconds|minutes|hours|days|percent)_'
    and type <> 'boolean';

-- Broken by: ops.strays.bytes_stored, ops.strays.ms_total
create table ops.strays (bytes_stored bigint, ms_total bigint);
