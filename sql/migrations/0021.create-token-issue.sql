-- Tokens are made where they are kept: 32 random bytes from PostgreSQL's strong source, shown once in the
-- answer. What a caller may issue is decided by the policies on identity.api_tokens.
-- depends: 0020.wall-api-tokens

set local role renderstore_owner;

create function identity.new_secret(prefix text)
returns text
language sql
volatile
-- A version 4 UUID holds 122 random bits; two of them 244.
return prefix
    || '_'
    || translate(
        encode(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 'base64'),
        '+/=',
        '-_'
    );
comment on function identity.new_secret(text) is
    'A new secret: the prefix, an underscore and 43 random characters.';

create function identity.issue_api_token(
    name text,
    roles identity.token_role[],
    user_id uuid,
    service text,
    for_user_id uuid,
    expires_at timestamptz,
    out id uuid,
    out secret text
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    made_prefix text := 'rs_' || substr(md5(gen_random_uuid()::text), 1, 8);
begin
    secret = identity.new_secret(made_prefix);
    insert into identity.api_tokens as t (
        user_id,
        service,
        for_user_id,
        name,
        prefix,
        token_hash,
        roles,
        expires_at
    )
    values (
        issue_api_token.user_id,
        issue_api_token.service,
        -- A user's own token acts for that user.
        coalesce(issue_api_token.user_id, issue_api_token.for_user_id),
        issue_api_token.name,
        made_prefix,
        sha256(convert_to(secret, 'UTF8')),
        issue_api_token.roles,
        issue_api_token.expires_at
    )
    returning t.id into issue_api_token.id;
end
$$;
comment on function identity.issue_api_token(
    text,
    identity.token_role[],
    uuid,
    text,
    uuid,
    timestamptz
) is
    'Issues an API token to a user or a service and gives its id and, this once, its secret.';

create function identity.rotate_api_token(id uuid)
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    made_prefix text := 'rs_' || substr(md5(gen_random_uuid()::text), 1, 8);
    secret text := identity.new_secret(made_prefix);
begin
    update identity.api_tokens as t
    set
        prefix = made_prefix,
        token_hash = sha256(convert_to(secret, 'UTF8'))
    where t.id = rotate_api_token.id and t.revoked_at is null;
    if not found then
        raise exception using
            errcode = 'RS003',
            message = 'There is no active API token with this id.';
    end if;
    return secret;
end
$$;
comment on function identity.rotate_api_token(uuid) is
    'Gives an active API token a new secret, shown this once; the old one ceases to work.';

create function identity.issue_session_token(user_id uuid, lifetime interval)
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    secret text := identity.new_secret('rs_session');
begin
    insert into identity.session_tokens (user_id, token_hash, expires_at)
    values (
        issue_session_token.user_id,
        sha256(convert_to(secret, 'UTF8')),
        now() + lifetime
    );
    return secret;
end
$$;
comment on function identity.issue_session_token(uuid, interval) is
    'Issues a session token to an active user and gives its secret, this once.';

create function identity.check_session_token(token_hash bytea)
returns table (
    id uuid,
    user_id uuid,
    role identity.user_role,
    expires_at timestamptz
)
language plpgsql
volatile
rows 1
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select
        t.id,
        t.user_id,
        u.role,
        t.expires_at
    from identity.session_tokens as t
    join identity.users as u on u.id = t.user_id
    where t.token_hash = check_session_token.token_hash
        and t.expires_at > now()
        and u.status = 'active';
    -- A transaction that only reads, on a replica for one, leaves no note.
    if not found or current_setting('transaction_read_only') = 'on' then
        return;
    end if;
    -- Whoever finds the row locked leaves the note to the other: a check waits for nobody.
    update identity.session_tokens as t
    set last_used_at = now()
    where t.id in (
        select used.id
        from identity.session_tokens as used
        where used.token_hash = check_session_token.token_hash
            and (
                used.last_used_at is null
                or used.last_used_at < now() - interval '1 minute'
            )
        for no key update skip locked
    );
end
$$;
comment on function identity.check_session_token(bytea) is
    'The active user to whom a live session token belongs; notes its use at most once a minute, and not where the transaction only reads.';

grant execute on function identity.new_secret(text)
    to renderstore_app, renderstore_auth, renderstore_admin;
grant execute on function
    identity.issue_api_token(
        text,
        identity.token_role[],
        uuid,
        text,
        uuid,
        timestamptz
    ),
    identity.rotate_api_token(uuid)
to renderstore_app, renderstore_admin;
grant execute on function
    identity.issue_session_token(uuid, interval),
    identity.check_session_token(bytea)
to renderstore_auth;
