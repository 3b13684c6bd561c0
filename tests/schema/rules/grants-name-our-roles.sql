-- Rights on tables go to the group roles: not to PUBLIC, not to a login, never to be passed on.
select
    violator,
    format('%s to %s', lower(privilege), role) as detail
from style.grants
where is_grantable
    or role not in (
        'renderstore_app',
        'renderstore_auth',
        'renderstore_worker',
        'renderstore_admin',
        'renderstore_readonly'
    );

-- Broken by: ops.strays, ops.strays.id
create table ops.strays (id uuid);
grant select on ops.strays to public;
grant select (id) on ops.strays to renderstore_admin with grant option;
