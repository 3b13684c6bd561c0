-- A policy for renderstore_app asks for the current user: no user set, nothing seen.
select
    violator,
    expression as detail
from style.policies
where is_permissive
    and to_regrole('renderstore_app')::oid = any (role_oids)
    and expression !~ 'identity\.current_user_id\(\)';

-- Broken by: work.strays.strays_own
create table work.strays (user_id uuid);
create policy strays_own on work.strays to renderstore_app using (true);
