-- Nobody may truncate, write triggers, reference or maintain: those rights pass by policies.
select
    violator,
    format('%s to %s', lower(privilege), role) as detail
from style.grants
where privilege in ('TRUNCATE', 'TRIGGER', 'REFERENCES', 'MAINTAIN');

-- Broken by: ops.strays, ops.strays.id
create table ops.strays (id uuid);
grant truncate on ops.strays to renderstore_admin;
grant references (id) on ops.strays to renderstore_app;
