-- Begins a transaction that sees what one user sees. Undone by :leave.
\ir quiet.psql
select
    to_regproc('identity.bind') is not null as is_migrated,
    pg_has_role(
        session_user,
        coalesce(to_regrole('renderstore_app'), to_regrole(session_user::text)),
        case
            when current_setting('server_version_num')::integer >= 160000 then 'set'
            else 'member'
        end
    ) as can_enter,
    has_any_column_privilege(to_regclass('identity.users'), 'select') is not true as is_blind
\gset
\if :is_migrated
    \if :is_blind
        \echo 'This role reads no users: ask as readonly or admin.'
    \elif :can_enter
        \prompt 'Id or e-mail of the user: ' asked
        select
            coalesce(max(id::text), '') as found,
            count(*) > 0 as is_found
        from (
            select id
            from identity.users
            where id::text = lower(:'asked')
                or email = lower(:'asked')
            order by status, id
            limit 1
        ) as candidate
        \gset
        \if :is_found
            begin;
            select identity.bind('renderstore_app', :'found', 'dba:' || session_user) \g (tuples_only=on) /dev/null
            \ir prompt.psql
            \echo 'You see what user' :found 'sees, until :leave (undo) or commit (keep).'
        \else
            \echo 'Nobody here has this id or e-mail, or this role may not see them.'
        \endif
        \unset asked
        \unset found
        \unset is_found
    \else
        \echo 'This login may not act for a user: a DBA must grant it renderstore_app'
        \echo '(`renderstore login` makes such logins).'
    \endif
\else
    \echo 'This database has no identity.bind: its migrations are missing.'
\endif
\unset is_migrated
\unset can_enter
\unset is_blind
\ir loud.psql
