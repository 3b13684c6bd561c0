-- How accounts, sessions and tokens of another system come here, so that whoever is signed in stays so and every program's token goes on
-- working. A token in the clear is hashed before it arrives.
-- depends: 0134.import-users

set local role renderstore_owner;

create function identity.import_account(kind text, source text, old_row jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
#variable_conflict use_variable
declare
    owner constant uuid := ops.imported_user(
        kind,
        coalesce(old_row ->> 'userId', old_row ->> 'user_id')
    );
    made uuid;
    holder uuid;
begin
    select a.id, a.user_id into made, holder
    from identity.accounts as a
    where a.provider = old_row ->> 'provider'
        and a.provider_account_id = old_row ->> 'providerAccountId';
    if owner is null then
        perform ops.refuse_import(kind, source, old_row, 'Its user did not come.');
        return;
    elsif holder <> owner then
        perform ops.refuse_import(kind, source, old_row, 'This account at the provider is linked to another user.');
        return;
    elsif holder = owner then
        perform ops.note_import(
            kind, source, old_row ->> 'id', 'identity.accounts', made::text,
            array['merged with the same account, which stays as is']
        );
        return;
    end if;
    insert into identity.accounts (
        id,
        user_id,
        type,
        provider,
        provider_account_id,
        token_type,
        scope,
        expires_at_s,
        created_at
    )
    select
        ops.imported_id(u.created_at, old_row ->> 'id'),
        owner,
        old_row ->> 'type',
        old_row ->> 'provider',
        old_row ->> 'providerAccountId',
        old_row ->> 'token_type',
        old_row ->> 'scope',
        (old_row ->> 'expires_at')::bigint,
        u.created_at
    from identity.users as u
    where u.id = owner
    returning accounts.id into made;
    insert into identity.account_secrets (
        account_id,
        access_token,
        refresh_token,
        id_token,
        session_state
    )
    values (
        made,
        old_row ->> 'access_token',
        old_row ->> 'refresh_token',
        old_row ->> 'id_token',
        old_row ->> 'session_state'
    );
    perform ops.note_import(
        kind, source, old_row ->> 'id', 'identity.accounts', made::text, '{}'
    );
end
$$;
comment on function identity.import_account(text, text, jsonb) is
    'Brings one account of Auth.js here.';

create function identity.import_web_session(kind text, source text, old_row jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
#variable_conflict use_variable
declare
    owner constant uuid := ops.imported_user(
        kind,
        coalesce(old_row ->> 'userId', old_row ->> 'user_id')
    );
    made uuid;
begin
    if owner is null then
        perform ops.refuse_import(kind, source, old_row, 'Its user did not come.');
        return;
    end if;
    insert into identity.web_sessions (
        id,
        user_id,
        session_token,
        created_at,
        expires_at
    )
    select
        ops.imported_id(u.created_at, old_row ->> 'id'),
        owner,
        old_row ->> 'sessionToken',
        coalesce(u.last_login_at, u.created_at),
        (old_row ->> 'expires')::timestamptz
    from identity.users as u
    where u.id = owner
    returning web_sessions.id into made;
    perform ops.note_import(
        kind, source, old_row ->> 'id', 'identity.web_sessions', made::text, '{}'
    );
end
$$;
comment on function identity.import_web_session(text, text, jsonb) is
    'Brings one session of Auth.js here: the cookie goes on working.';

create function identity.import_verification_token(
    kind text,
    source text,
    old_row jsonb
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
begin
    insert into identity.verification_tokens (identifier, token, expires_at)
    values (
        old_row ->> 'identifier',
        old_row ->> 'token',
        (old_row ->> 'expires')::timestamptz
    );
    perform ops.note_import(
        kind, source, old_row ->> 'id', 'identity.verification_tokens',
        old_row ->> 'identifier', '{}'
    );
end
$$;
comment on function identity.import_verification_token(text, text, jsonb) is
    'Brings one mailed link of Auth.js here.';

create function identity.import_session_token(kind text, source text, old_row jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
#variable_conflict use_variable
declare
    owner constant uuid := ops.imported_user(kind, old_row ->> 'user_id');
    made uuid;
begin
    if owner is null then
        perform ops.refuse_import(kind, source, old_row, 'Its user did not come.');
        return;
    elsif old_row ->> 'token_hash' !~* '^[0-9a-f]{64}$' then
        perform ops.refuse_import(
            kind, source, old_row,
            'Its hash is no SHA-256 in hexadecimal digits: the user signs in again.'
        );
        return;
    end if;
    insert into identity.session_tokens (
        id,
        user_id,
        token_hash,
        last_used_at,
        created_at,
        expires_at
    )
    values (
        ops.imported_id(null, old_row ->> 'id'),
        owner,
        decode(old_row ->> 'token_hash', 'hex'),
        (old_row ->> 'last_used_at')::timestamptz,
        (old_row ->> 'created_at')::timestamptz,
        (old_row ->> 'expires_at')::timestamptz
    )
    returning session_tokens.id into made;
    perform ops.note_import(
        kind, source, old_row ->> 'id', 'identity.session_tokens', made::text, '{}'
    );
end
$$;
comment on function identity.import_session_token(text, text, jsonb) is
    'Brings one session token here; it goes on working where its hash is a SHA-256.';

create function identity.import_api_token(kind text, source text, old_row jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
#variable_conflict use_variable
declare
    token constant text := old_row -> 'token' ->> 'sha256';
    name constant text := coalesce(nullif(left(btrim(old_row ->> 'name'), 200), ''), 'imported');
    service constant text := coalesce(
        nullif(
            left(
                regexp_replace(
                    regexp_replace(lower(name), '[^a-z0-9_-]+', '-', 'g'),
                    '^[^a-z]+|-+$',
                    '',
                    'g'
                ),
                100
            ),
            ''
        ),
        'imported'
    );
    created_at constant timestamptz := old_row ->> 'createdAt';
    made uuid;
begin
    insert into identity.api_tokens (
        id,
        service,
        name,
        prefix,
        token_hash,
        roles,
        created_at,
        revoked_at
    )
    values (
        ops.imported_id(created_at, old_row ->> 'id'),
        service,
        name,
        -- What people see of it: the token itself is not here any more.
        'rs_' || left(token, 8),
        decode(token, 'hex'),
        '{user,worker}',
        created_at,
        case when (old_row ->> 'active')::boolean then null else now() end
    )
    returning api_tokens.id into made;
    perform ops.note_import(
        kind, source, old_row ->> 'id', 'identity.api_tokens', made::text,
        array[
            'token: kept as its SHA-256',
            case
                when (old_row -> 'token' ->> 'characters')::integer < 20
                    then 'token: it has fewer than 20 characters; give it a new secret'
            end,
            case when name <> old_row ->> 'name' then 'name: cut, or was empty' end,
            case
                when (old_row ->> 'active')::boolean is not true
                    then 'active: revoked as of now, its time was not kept'
            end
        ]
    );
end
$$;
comment on function identity.import_api_token(text, text, jsonb) is
    'Brings one token of a service here, which acts as any user and as a worker until an administrator narrows it.';
