-- What signs people in, under the names that Auth.js's PostgreSQL adapter expects; it calls the last one in the
-- singular. A session shows only while its user is active: whoever is suspended is signed out at the adapter's next
-- question. A deactivated user's accounts show too, so that the sign-in is refused and not taken for a new user's.
-- depends: 0024.create-authjs-users

set local role renderstore_owner;

create view authjs.sessions
with (security_invoker = true)
as
select
    id,
    user_id as "userId",
    expires_at as expires,
    session_token as "sessionToken"
from identity.web_sessions
where exists (
    select
    from identity.users
    where users.id = web_sessions.user_id and users.status = 'active'
);

comment on view authjs.sessions is
    'identity.web_sessions for Auth.js: the sessions of active users.';
comment on column authjs.sessions.id is
    'The session''s identifier, made by the database.';
comment on column authjs.sessions."userId" is
    'The user who is signed in.';
comment on column authjs.sessions.expires is
    'When the session ends; Auth.js moves it while the session is used.';
comment on column authjs.sessions."sessionToken" is
    'The cookie''s value, as Auth.js writes and compares it.';

grant
    select,
    insert ("userId", expires, "sessionToken"),
    update (expires),
    delete
on authjs.sessions
to renderstore_auth;

create view authjs.accounts
with (security_invoker = true)
as
select
    a.id,
    a.user_id as "userId",
    a.type,
    a.provider,
    a.provider_account_id as "providerAccountId",
    s.refresh_token,
    s.access_token,
    a.expires_at_s as expires_at,
    s.id_token,
    a.scope,
    s.session_state,
    a.token_type
from identity.accounts as a
left join identity.account_secrets as s on s.account_id = a.id;

comment on view authjs.accounts is
    'identity.accounts for Auth.js, with the tokens of identity.account_secrets.';
comment on column authjs.accounts.id is
    'The account''s identifier, made by the database.';
comment on column authjs.accounts."userId" is
    'The user who signs in with the account.';
comment on column authjs.accounts.type is
    'Auth.js''s kind of account: oauth, oidc, email, credentials or webauthn.';
comment on column authjs.accounts.provider is
    'The provider''s name, such as google.';
comment on column authjs.accounts."providerAccountId" is
    'The account''s id at the provider.';
comment on column authjs.accounts.refresh_token is
    'The provider''s refresh token; null without one.';
comment on column authjs.accounts.access_token is
    'The provider''s access token; null without one.';
comment on column authjs.accounts.expires_at is
    'When the access token expires, in seconds since 1970; null for never.';
comment on column authjs.accounts.id_token is
    'The provider''s identity token; null without one.';
comment on column authjs.accounts.scope is
    'What the access token was granted, in the provider''s words; null where it names none.';
comment on column authjs.accounts.session_state is
    'The provider''s session state; null without one.';
comment on column authjs.accounts.token_type is
    'The kind of access token, such as bearer; null where the provider names none.';

create function authjs.insert_account()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into identity.accounts as a (
        user_id,
        type,
        provider,
        provider_account_id,
        expires_at_s,
        scope,
        token_type
    )
    values (
        new."userId",
        new.type,
        new.provider,
        new."providerAccountId",
        new.expires_at,
        new.scope,
        new.token_type
    )
    returning a.id into new.id;
    insert into identity.account_secrets (
        account_id,
        refresh_token,
        access_token,
        id_token,
        session_state
    )
    values (
        new.id,
        new.refresh_token,
        new.access_token,
        new.id_token,
        new.session_state
    );
    return new;
end
$$;
comment on function authjs.insert_account() is
    'Trigger: stores an account that Auth.js links.';

create function authjs.delete_account()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from identity.accounts
    where id = old.id;
    if not found then
        return null;
    end if;
    return old;
end
$$;
comment on function authjs.delete_account() is
    'Trigger: removes an account that Auth.js unlinks.';

create trigger accounts_insert_account
instead of insert on authjs.accounts
for each row
execute function authjs.insert_account();

create trigger accounts_delete_account
instead of delete on authjs.accounts
for each row
execute function authjs.delete_account();

grant
    select,
    insert (
        "userId",
        type,
        provider,
        "providerAccountId",
        refresh_token,
        access_token,
        expires_at,
        id_token,
        scope,
        session_state,
        token_type
    ),
    delete
on authjs.accounts
to renderstore_auth;

create view authjs.verification_token
with (security_invoker = true)
as
select
    identifier,
    expires_at as expires,
    token
from identity.verification_tokens;

comment on view authjs.verification_token is
    'identity.verification_tokens for Auth.js.';
comment on column authjs.verification_token.identifier is
    'The e-mail address to be proven.';
comment on column authjs.verification_token.expires is
    'When the link ceases to work.';
comment on column authjs.verification_token.token is
    'The hash of the link''s token, made by Auth.js.';

grant
    select,
    insert (identifier, expires, token),
    delete
on authjs.verification_token
to renderstore_auth;
