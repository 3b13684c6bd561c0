-- Who sees and issues which API token. A user may issue tokens that act as that user and no more; what acts for
-- others, or as more than a user, is an administrator's to give.
-- depends: 0019.create-api-tokens

set local role renderstore_owner;

alter table identity.api_tokens enable row level security;
alter table identity.api_tokens force row level security;

create policy api_tokens_owner on identity.api_tokens
    to renderstore_owner
    using (true)
    with check (true);
create policy api_tokens_own on identity.api_tokens
    to renderstore_app
    using (user_id = (select identity.current_user_id()))
    with check (
        user_id = (select identity.current_user_id())
        and roles = '{user}'::identity.token_role[]
    );
create policy api_tokens_every on identity.api_tokens
    to renderstore_auth, renderstore_admin
    using (true)
    with check (true);
create policy api_tokens_read on identity.api_tokens
    for select
    to renderstore_readonly
    using (true);

grant select (
    id,
    user_id,
    service,
    for_user_id,
    name,
    prefix,
    roles,
    last_used_at,
    created_at,
    expires_at,
    revoked_at
)
on identity.api_tokens
to renderstore_app, renderstore_admin, renderstore_readonly;

grant
    insert (user_id, service, for_user_id, name, prefix, token_hash, roles, expires_at),
    update (name, prefix, token_hash, expires_at, revoked_at)
on identity.api_tokens
to renderstore_app, renderstore_admin;
grant delete on identity.api_tokens to renderstore_admin;

grant select, update (last_used_at), delete on identity.api_tokens to renderstore_auth;
