-- Accounts at sign-in providers: Google's subject, for one, is the provider_account_id here. Their tokens stand apart,
-- as Auth.js writes and compares them; only sign-in reads those.
-- depends: 0014.create-bootstrap

set local role renderstore_owner;

create table identity.accounts (
    id uuid not null default ops.uuidv7(),
    user_id uuid not null,
    type text not null,
    provider text not null,
    provider_account_id text not null,
    token_type text,
    scope text,
    expires_at_s bigint,
    created_at timestamptz not null default now(),

    constraint accounts_pkey primary key (id),
    constraint accounts_user_id_fkey foreign key (user_id)
        references identity.users (id) on delete cascade,
    constraint accounts_provider_provider_account_id_key
        unique (provider, provider_account_id),
    constraint accounts_type_is_short_check check (length(type) between 1 and 50),
    constraint accounts_provider_is_short_check
        check (length(provider) between 1 and 100),
    constraint accounts_provider_account_id_is_short_check
        check (length(provider_account_id) between 1 and 500)
);

comment on table identity.accounts is
    'One row an account at a sign-in provider.';
comment on column identity.accounts.id is
    'The row''s identifier, made by the database.';
comment on column identity.accounts.user_id is
    'The user who signs in with the account.';
comment on column identity.accounts.type is
    'Auth.js''s kind of account: oauth, oidc, email, credentials or webauthn.';
comment on column identity.accounts.provider is
    'The provider''s name, such as google.';
comment on column identity.accounts.provider_account_id is
    'The account''s id at the provider; Google calls it the subject.';
comment on column identity.accounts.token_type is
    'The kind of access token, such as bearer; null where the provider names none.';
comment on column identity.accounts.scope is
    'What the access token was granted, in the provider''s words; null where it names none.';
comment on column identity.accounts.expires_at_s is
    'When the access token expires, in seconds since 1970 as Auth.js keeps it; null for never.';
comment on column identity.accounts.created_at is
    'When the account was linked.';
comment on constraint accounts_pkey on identity.accounts is
    'There is already an account with this id.';
comment on constraint accounts_user_id_fkey on identity.accounts is
    'There is no user with this id; still referenced: the user has accounts at sign-in providers.';
comment on constraint accounts_provider_provider_account_id_key on identity.accounts is
    'This account at the provider is already linked to a user.';
comment on constraint accounts_type_is_short_check on identity.accounts is
    'An account''s type has 1 to 50 characters.';
comment on constraint accounts_provider_is_short_check on identity.accounts is
    'A provider''s name has 1 to 100 characters.';
comment on constraint accounts_provider_account_id_is_short_check
on identity.accounts is
    'A provider''s account id has 1 to 500 characters.';

-- Serves identity.accounts.list_for_user and accounts_user_id_fkey.
create index accounts_user_id_idx on identity.accounts (user_id);

create function identity.refuse_inactive_user()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    found_status identity.user_status;
begin
    -- No lock: a suspension at this moment does not wait, and whoever checks a session asks the status again.
    select status into found_status
    from identity.users
    where id = new.user_id;
    if found_status = 'suspended' then
        raise exception using
            errcode = 'RS004',
            message = 'This user is suspended; an administrator can reactivate the account.';
    elsif found_status = 'deactivated' then
        raise exception using
            errcode = 'RS004',
            message = 'This user was deactivated; an administrator can reactivate the account.';
    end if;
    return new;
end
$$;
comment on function identity.refuse_inactive_user() is
    'Trigger: a user who is suspended or deactivated gets no account, session or token.';

create trigger accounts_refuse_inactive_user
before insert or update of user_id on identity.accounts
for each row
execute function identity.refuse_inactive_user();

alter table identity.accounts enable row level security;
alter table identity.accounts force row level security;

create policy accounts_owner on identity.accounts
    to renderstore_owner
    using (true)
    with check (true);
create policy accounts_own on identity.accounts
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy accounts_every on identity.accounts
    to renderstore_auth, renderstore_admin
    using (true)
    with check (true);
create policy accounts_read on identity.accounts
    for select
    to renderstore_readonly
    using (true);

grant select on identity.accounts
    to renderstore_app, renderstore_admin, renderstore_readonly;
grant
    select,
    insert (
        user_id,
        type,
        provider,
        provider_account_id,
        token_type,
        scope,
        expires_at_s
    ),
    -- A provider's tokens are renewed; whose account it is stays.
    update (token_type, scope, expires_at_s),
    delete
on identity.accounts
to renderstore_auth;
grant delete on identity.accounts to renderstore_admin;

create table identity.account_secrets (
    account_id uuid not null,
    access_token text,
    refresh_token text,
    id_token text,
    session_state text,

    constraint account_secrets_pkey primary key (account_id),
    constraint account_secrets_account_id_fkey foreign key (account_id)
        references identity.accounts (id) on delete cascade
);

comment on table identity.account_secrets is
    'At most one row an account: what only sign-in reads of it. An account without one has no tokens.';
comment on column identity.account_secrets.account_id is
    'The account whose tokens these are.';
comment on column identity.account_secrets.access_token is
    'The provider''s access token, as Auth.js writes it; null without one.';
comment on column identity.account_secrets.refresh_token is
    'The provider''s refresh token, as Auth.js writes it; null without one.';
comment on column identity.account_secrets.id_token is
    'The provider''s identity token, as Auth.js writes it; null without one.';
comment on column identity.account_secrets.session_state is
    'The provider''s session state; null without one.';
comment on constraint account_secrets_pkey on identity.account_secrets is
    'This account already has tokens.';
comment on constraint account_secrets_account_id_fkey on identity.account_secrets is
    'There is no account with this id; still referenced: the account has tokens.';

alter table identity.account_secrets enable row level security;
alter table identity.account_secrets force row level security;

create policy account_secrets_owner on identity.account_secrets
    to renderstore_owner
    using (true)
    with check (true);
create policy account_secrets_every on identity.account_secrets
    to renderstore_auth
    using (true)
    with check (true);

grant
    select,
    insert,
    update (access_token, refresh_token, id_token, session_state)
on identity.account_secrets
to renderstore_auth;
