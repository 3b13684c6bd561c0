-- The group roles. Nobody logs in as one of them: a DBA makes logins and grants them
-- roles without inheritance (docs/operations.md). Roles belong to the cluster, so another
-- database may have brought them already; then the applying login must be granted
-- renderstore_owner.

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
