-- A policy says for which roles it is: one for PUBLIC binds whoever comes.
select violator
from style.policies
where 0 = any (role_oids);

-- Broken by: work.strays.strays_all
create table work.strays (user_id uuid);
create policy strays_all on work.strays using (true);
