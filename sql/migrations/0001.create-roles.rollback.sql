-- Logins lose the roles that they were granted. A role that another database of this
-- cluster still depends on stays.

do $$
declare
    role_name text;
begin
    foreach role_name in array array[
        'renderstore_readonly',
        'renderstore_admin',
        'renderstore_worker',
        'renderstore_auth',
        'renderstore_app',
        'renderstore_owner'
    ]
    loop
        if exists (
            select
            from pg_shdepend
            join pg_database on pg_database.datname = current_database()
            where pg_shdepend.refclassid = 'pg_authid'::regclass
                and pg_shdepend.refobjid = to_regrole(role_name)
                and pg_shdepend.dbid <> pg_database.oid
                and not (
                    pg_shdepend.classid = 'pg_database'::regclass
                    and pg_shdepend.objid = pg_database.oid
                )
                -- From 16 on a membership is recorded as a dependency of its grantor.
                and pg_shdepend.classid <> 'pg_auth_members'::regclass
        ) then
            raise notice 'role % stays: another database depends on it', role_name;
        else
            execute format('drop role %I', role_name);
        end if;
    end loop;
end
$$;
