-- A scope entered by an API token: the check and the binding are one call, so it takes no more round trips
-- than a user's. The caller sends the secret's SHA-256, never the secret. It writes nothing: when the token
-- was last used is noted apart, in a transaction after the scope's.
-- depends: 0021.create-token-issue

set local role renderstore_owner;

create function identity.bind_token(
    token_hash bytea,
    wanted_role identity.token_role,
    wanted_user_id uuid
)
returns boolean
language plpgsql
volatile
as $$
declare
    token record;
    chosen identity.token_role;
    acting_for uuid;
begin
    perform identity.bind('renderstore_auth', null, 'auth');

    select
        t.id,
        t.roles,
        t.for_user_id,
        t.revoked_at,
        t.expires_at,
        t.last_used_at,
        t.user_id,
        owners.status as owner_status,
        owners.role as owner_role
    into token
    from identity.api_tokens as t
    left join identity.users as owners on owners.id = t.user_id
    where t.token_hash = bind_token.token_hash;

    if not found and not (select h.is_home from ops.here as h) then
        raise exception using
            errcode = 'RS016',
            message = 'Tokens are checked at home, and this is a farm.';
    elsif not found then
        raise exception using errcode = 'RS003', message = 'This token is not known.';
    elsif token.revoked_at is not null then
        raise exception using errcode = 'RS003', message = 'This token was revoked.';
    elsif token.expires_at <= now() then
        raise exception using errcode = 'RS003', message = 'This token has expired.';
    elsif token.user_id is not null and token.owner_status is distinct from 'active' then
        raise exception using errcode = 'RS004', message = 'The user of this token is not active.';
    end if;

    chosen = coalesce(wanted_role, case when cardinality(token.roles) = 1 then token.roles[1] end);
    if chosen is null then
        raise exception using
            errcode = 'RS003',
            message = format(
                'This token may act in several roles (%s): name one.',
                array_to_string(token.roles, ', ')
            );
    elsif not chosen = any (token.roles) then
        raise exception using
            errcode = 'RS003',
            message = format('This token may not act as %s.', chosen);
    elsif chosen = 'admin' and token.owner_role <> 'admin' then
        raise exception using
            errcode = 'RS001',
            message = 'This user is not an active administrator.';
    end if;

    if chosen = 'user' then
        acting_for = coalesce(token.for_user_id, wanted_user_id);
        if acting_for is null then
            raise exception using
                errcode = 'RS003',
                message = 'This token may act for any user: name one.';
        elsif acting_for <> wanted_user_id then
            raise exception using
                errcode = 'RS003',
                message = 'This token may not act for that user.';
        end if;
        perform
        from identity.users
        where users.id = acting_for and users.status = 'active';
        if not found then
            raise exception using
                errcode = 'RS004',
                message = 'The user for whom this token acts is not active.';
        end if;
    end if;

    -- acting_for is null for an administrator's token, so bind asks nothing more.
    perform identity.bind(
        case chosen when 'user' then 'renderstore_app' else 'renderstore_' || chosen end,
        acting_for,
        'token:' || token.id
    );
    return
        coalesce(token.last_used_at < now() - interval '1 minute', true)
        and not current_setting('transaction_read_only')::boolean;
end
$$;

comment on function identity.bind_token(bytea, identity.token_role, uuid) is
    'Enters the scope that an API token may: as its one role or the wanted one, for its one user or the wanted one.
True where identity.note_token_use is to be called once the scope has ended: once a minute, not where only reading is possible.';

grant execute on function
    identity.bind_token(bytea, identity.token_role, uuid)
to public;

create function identity.note_token_use(token_hash bytea)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform identity.bind('renderstore_auth', null, 'auth');
    -- Who finds the row locked leaves the note to the other.
    update identity.api_tokens
    set last_used_at = now()
    where api_tokens.id in (
        select noted.id
        from identity.api_tokens as noted
        where noted.token_hash = note_token_use.token_hash
            and coalesce(noted.last_used_at < now() - interval '1 minute', true)
        for no key update skip locked
    );
end
$$;

comment on function identity.note_token_use(bytea) is
    'Notes that the API token of this SHA-256 was used, at most once a minute; a transaction of its own, after the scope.';

grant execute on function identity.note_token_use(bytea) to public;
