-- Tokens for outside services and for users' own programs. Only the SHA-256 is kept; a short prefix stays
-- visible, so that people can tell tokens apart.
-- depends: 0018.create-session-tokens

set local role renderstore_owner;

create type identity.token_role as enum ('user', 'worker', 'readonly', 'admin');
comment on type identity.token_role is
    'What an API token may act as: a user, a worker, a reader of every row, an administrator.';

create table identity.api_tokens (
    id uuid not null default ops.uuidv7(),
    user_id uuid,
    service text,
    for_user_id uuid,
    name text not null,
    prefix text not null,
    token_hash bytea not null,
    roles identity.token_role[] not null,
    last_used_at timestamptz,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz,

    constraint api_tokens_pkey primary key (id),
    constraint api_tokens_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade,
    constraint api_tokens_for_user_id_fkey foreign key (for_user_id)
        references identity.owners (user_id) on delete cascade,
    constraint api_tokens_token_hash_key unique (token_hash),
    constraint api_tokens_has_one_owner_check
        check (num_nonnulls(user_id, service) = 1),
    constraint api_tokens_user_acts_as_self_check
        check (user_id is null or for_user_id is not distinct from user_id),
    constraint api_tokens_service_is_slug_check
        check (service ~ '^[a-z][a-z0-9_-]{0,99}$'),
    constraint api_tokens_name_is_short_check check (length(name) between 1 and 200),
    constraint api_tokens_prefix_is_short_check check (prefix ~ '^rs_[0-9a-f]{8}$'),
    constraint api_tokens_token_hash_is_sha256_check check (length(token_hash) = 32),
    constraint api_tokens_has_roles_check
        check (cardinality(roles) > 0 and array_position(roles, null) is null),
    constraint api_tokens_expires_at_is_later_check check (expires_at > created_at),
    constraint api_tokens_times_are_1970_to_9999_check check (
        least(last_used_at, created_at, expires_at, revoked_at)
        >= '1970-01-01 00:00+00'
        and greatest(last_used_at, created_at, expires_at, revoked_at)
        < '9999-12-31 00:00+00'
    )
);

comment on table identity.api_tokens is
    'One row a token of a service or of a user''s own program.';
comment on column identity.api_tokens.id is
    'The token''s identifier, made by the database; events and the audit trail name it.';
comment on column identity.api_tokens.user_id is
    'The user to whom the token belongs; null where it belongs to a service.';
comment on column identity.api_tokens.service is
    'The service to which the token belongs, such as bravo or plugin; null where it belongs to a user.';
comment on column identity.api_tokens.for_user_id is
    'The one user for whom the token may act; null for any.';
comment on column identity.api_tokens.name is
    'What people call the token, 1 to 200 characters.';
comment on column identity.api_tokens.prefix is
    'The first characters of the token, to tell it from others.';
comment on column identity.api_tokens.token_hash is
    'The SHA-256 of the token, 32 bytes; the token itself is shown once and not kept. Only sign-in reads it.';
comment on column identity.api_tokens.roles is
    'What the token may act as, one role or more.';
comment on column identity.api_tokens.last_used_at is
    'When the token was last checked, to the minute; null for never.';
comment on column identity.api_tokens.created_at is
    'When the token was issued.';
comment on column identity.api_tokens.expires_at is
    'When the token ceases to work; null for never.';
comment on column identity.api_tokens.revoked_at is
    'When the token was revoked; null while it is active.';
comment on constraint api_tokens_pkey on identity.api_tokens is
    'There is already an API token with this id.';
comment on constraint api_tokens_user_id_fkey on identity.api_tokens is
    'There is no user with this id; still referenced: the user has API tokens.';
comment on constraint api_tokens_for_user_id_fkey on identity.api_tokens is
    'There is no user with this id to act for; still referenced: API tokens act for this user.';
comment on constraint api_tokens_token_hash_key on identity.api_tokens is
    'There is already an API token with this secret.';
comment on constraint api_tokens_has_one_owner_check on identity.api_tokens is
    'An API token belongs to a user or to a service, not to both.';
comment on constraint api_tokens_user_acts_as_self_check on identity.api_tokens is
    'A user''s API token acts for that user.';
comment on constraint api_tokens_service_is_slug_check on identity.api_tokens is
    'A service''s name has 1 to 100 lower-case letters, digits, dashes and underscores and begins with a letter.';
comment on constraint api_tokens_name_is_short_check on identity.api_tokens is
    'A token''s name has 1 to 200 characters.';
comment on constraint api_tokens_prefix_is_short_check on identity.api_tokens is
    'A token''s prefix is rs_ and 8 hexadecimal digits.';
comment on constraint api_tokens_token_hash_is_sha256_check on identity.api_tokens is
    'A token''s hash is a SHA-256: 32 bytes.';
comment on constraint api_tokens_has_roles_check on identity.api_tokens is
    'An API token may act as something: it has one role or more.';
comment on constraint api_tokens_expires_at_is_later_check on identity.api_tokens is
    'An API token expires after it was issued.';
comment on constraint api_tokens_times_are_1970_to_9999_check on identity.api_tokens is
    'A token''s times lie between 1970 and 9999.';

-- Serves identity.api_tokens.list_for_user and api_tokens_user_id_fkey.
create index api_tokens_user_id_idx on identity.api_tokens (user_id);

-- Serves api_tokens_for_user_id_fkey.
create index api_tokens_for_user_id_idx on identity.api_tokens (for_user_id);

-- Serves identity.sweep.
create index api_tokens_expires_at_idx on identity.api_tokens (expires_at);

create trigger api_tokens_refuse_inactive_user
before insert or update of user_id on identity.api_tokens
for each row
execute function identity.refuse_inactive_user();

create function identity.keep_revoked()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = 'RS003',
        message = 'A revoked token stays revoked; issue a new one.';
end
$$;
comment on function identity.keep_revoked() is
    'Trigger: refuses to make a revoked token work again.';

create trigger api_tokens_keep_revoked
before update of revoked_at on identity.api_tokens
for each row
when (old.revoked_at is not null and new.revoked_at is distinct from old.revoked_at)
execute function identity.keep_revoked();
