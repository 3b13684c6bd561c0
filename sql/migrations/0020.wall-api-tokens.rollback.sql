set local role renderstore_owner;

revoke all on identity.api_tokens
    from renderstore_app, renderstore_auth, renderstore_admin, renderstore_readonly;

drop policy api_tokens_read on identity.api_tokens;
drop policy api_tokens_every on identity.api_tokens;
drop policy api_tokens_own on identity.api_tokens;
drop policy api_tokens_owner on identity.api_tokens;

alter table identity.api_tokens no force row level security;
alter table identity.api_tokens disable row level security;
