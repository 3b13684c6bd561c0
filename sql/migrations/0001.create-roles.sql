-- The group roles. Nobody logs in as one of them: a DBA makes logins and grants them
-- roles without inheritance (docs/operations.md). Roles belong to the cluster, so another
-- database may have brought them already; then the applying login must be granted
-- renderstore_owner. First of all: what every later migration and every client relies on.

do $$
begin
    if current_setting('server_encoding') <> 'UTF8' then
        raise feature_not_supported using
            message = format(
                'The database %I holds its text as %s, and renderstore needs UTF8.',
                current_database(),
                current_setting('server_encoding')
            ),
            hint = format(
                'create database NAME owner %I encoding ''UTF8'' template template0;',
                current_user
            );
    end if;
    if current_setting('standard_conforming_strings') <> 'on' then
        raise feature_not_supported using
            message = 'standard_conforming_strings is off, so a backslash in a text would be read otherwise than it is written.',
            hint = format(
                'alter database %1$I set standard_conforming_strings = on; alter role %2$I set standard_conforming_strings = on;',
                current_database(),
                current_user
            );
    end if;
end
$$;

do $$
declare
    wanted record;
begin
    for wanted in
        select *
        from (
            values
                ('renderstore_owner', 'Owns every object of renderstore. Only migrations act as it.'),
                ('renderstore_app', 'Acts for one user: sees and changes that user''s rows.'),
                ('renderstore_auth', 'Acts before the user is known: sign-in, tokens, Auth.js.'),
                ('renderstore_worker', 'Takes and runs jobs. Sees nothing of identity.'),
                ('renderstore_admin', 'Acts for an administrator: sees every row, save secrets.'),
                ('renderstore_readonly', 'Reads every row, save secrets; changes nothing.')
        ) as roles (name, purpose)
    loop
        begin
            if to_regrole(wanted.name) is null then
                execute format('create role %I nologin', wanted.name);
                execute format('comment on role %I is %L', wanted.name, wanted.purpose);
            end if;
        exception
            -- Another database of this cluster is being migrated at this moment.
            when duplicate_object or unique_violation then null;
        end;
    end loop;

    -- Whoever is on call sees what others run. From 16 on only a superuser, or whom one gave the right,
    -- may grant this; `renderstore login readonly` says so where it is missing.
    begin
        grant pg_read_all_stats to renderstore_readonly;
    exception
        when insufficient_privilege then null;
    end;

    -- From PostgreSQL 16 on, whoever creates a role may grant it but is no member of it.
    if not pg_has_role(
        current_user,
        'renderstore_owner',
        case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end
    ) then
        begin
            execute format('grant renderstore_owner to %I', current_user);
        exception
            when insufficient_privilege then
                raise insufficient_privilege using
                    message = format(
                        'Another database of this cluster brought the roles, and %I may not act as renderstore_owner.',
                        current_user
                    ),
                    hint = format(
                        'Whoever migrated the other database, or a superuser, types: '
                        'grant renderstore_owner, renderstore_app, renderstore_auth, renderstore_worker, '
                        'renderstore_admin, renderstore_readonly to %I with admin option;',
                        current_user
                    );
        end;
    end if;
end
$$;
