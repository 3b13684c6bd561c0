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
        or oid in (select member from pg_auth_members)
    );

-- Broken by: renderstore_app
grant renderstore_worker to renderstore_app;
