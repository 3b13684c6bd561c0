-- The group roles do not log in, pass by policies, make roles or databases, or enter each other.
select rolname as violator
from pg_roles
where rolname in (
    'renderstore_owner',
    'renderstore_app',
    'renderstore_auth',
    'renderstore_worker',
    'renderstore_admin',
    'renderstore_readonly'
)
    and (
        rolcanlogin
        or rolsuper
        or rolbypassrls
        or rolcreaterole
        or rolcreatedb
        or rolreplication
        or exists (
            select
            from pg_auth_members
            where member = pg_roles.oid
                -- Whoever is on call sees what others run.
                and (rolname, roleid) <> ('renderstore_readonly', 'pg_read_all_stats'::regrole)
        )
    );

-- Broken by: renderstore_app
grant renderstore_worker to renderstore_app;
