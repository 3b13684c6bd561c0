-- Accounts at sign-in providers under the names that Auth.js's PostgreSQL adapter expects. A deactivated
-- user's accounts show too, so that the sign-in is refused and not taken for a new user's.
-- depends: 0024.create-authjs-sessions

set local role renderstore_owner;

create view authjs.accounts
with (security_invoker = true)
as
select
    id,
    user_id as "userId",
    type,
    provider,
    provider_account_id as "providerAccountId",
    refresh_token,
    access_token,
    expires_at_s as expires_at,
    id_token,
    scope,
    session_state,
    token_type
from identity.accounts;

comment on view authjs.accounts is
    'identity.accounts for Auth.js.';
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
