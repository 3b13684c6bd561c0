-- Login, role, user and actor of this session.
\ir quiet.psql
\ir prompt.psql
\ir loud.psql
select
    current_database() as database,
    session_user as login,
    current_role as role,
    nullif(current_setting('renderstore.user_id', true), '') as bound_user_id,
    nullif(current_setting('renderstore.actor', true), '') as actor,
    current_setting('transaction_read_only')::boolean as is_read_only,
    pg_is_in_recovery() as is_standby,
    coalesce(host(inet_server_addr()), 'a local socket') as server,
    current_setting('server_version') as version,
    pg_postmaster_start_time() as running_since
\g (expanded=on)
