-- A policy reads who is acting in a scalar sub-select, so that it is asked once a query and not
-- once a row: (select identity.current_user_id()).
select
    violator,
    expression as detail
from style.policies
where regexp_replace(
    expression,
    '\( SELECT identity\.current_(user_id|actor)\(\) AS current_(user_id|actor)\)',
    '',
    'g'
) ~ 'current_user_id\(|current_actor\(|current_setting\(';

-- Broken by: work.strays.strays_own, work.strays.strays_set
create table work.strays (user_id uuid);
create policy strays_own on work.strays to renderstore_app using (user_id = identity.current_user_id());
create policy strays_set on work.strays
    to renderstore_app using (user_id = (select current_setting('renderstore.user_id'))::uuid);
