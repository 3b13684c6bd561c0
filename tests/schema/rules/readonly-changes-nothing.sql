-- renderstore_readonly reads: no right that writes.
select
    violator,
    lower(privilege) as detail
from style.grants
where role = 'renderstore_readonly'
    and privilege not in ('SELECT', 'USAGE');

-- Broken by: ops.strays
create table ops.strays (id uuid);
grant insert on ops.strays to renderstore_readonly;
