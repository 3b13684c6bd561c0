-- On a table with an owner, each role that was granted a command has a policy for it, and
-- renderstore_owner one for all: foreign-key checks and cascades run as the owner.
select
    tables.violator,
    format('%s for %s', wanted.command, wanted.role) as detail
from style.tables
cross join lateral (
    select distinct
        grants.role,
        lower(grants.privilege) as command,
        case grants.privilege
            when 'SELECT' then 'r'
            when 'INSERT' then 'a'
            when 'UPDATE' then 'w'
            when 'DELETE' then 'd'
        end as code
    from style.grants
    where grants.table_oid = tables.oid
        and grants.privilege in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    union all
    select
        'renderstore_owner' as role,
        'all' as command,
        '*' as code
) as wanted
where tables.has_owner
    and not exists (
        select
        from style.policies
        where policies.table_oid = tables.oid
            and policies.command::text in ('*', wanted.code)
            and to_regrole(wanted.role)::oid = any (policies.role_oids)
    );

-- Broken by: work.strays, work.readable
create table work.strays (user_id uuid);
create table work.readable (user_id uuid);
create policy readable_owner on work.readable to renderstore_owner using (true);
create policy readable_read on work.readable for select to renderstore_app using (false);
grant select, insert on work.readable to renderstore_app;
