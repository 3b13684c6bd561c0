-- Sessions that we issue ourselves, to Plex users for one. Only the token's SHA-256 is kept.
-- depends: 0017.create-verification-tokens

set local role renderstore_owner;

create table identity.session_tokens (
    id uuid not null default ops.uuidv7(),
    user_id uuid not null,
    token_hash bytea not null,
    last_used_at timestamptz,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,

    constraint session_tokens_pkey primary key (id),
    constraint session_tokens_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade,
    constraint session_tokens_token_hash_key unique (token_hash),
    constraint session_tokens_token_hash_is_sha256_check
        check (length(token_hash) = 32),
    constraint session_tokens_expires_at_is_later_check check (expires_at > created_at),
    constraint session_tokens_times_are_1970_to_9999_check check (
        least(last_used_at, created_at, expires_at) >= '1970-01-01 00:00+00'
        and greatest(last_used_at, created_at, expires_at) < '9999-12-31 00:00+00'
    )
);

comment on table identity.session_tokens is
    'One row a session that we issued ourselves.';
comment on column identity.session_tokens.id is
    'The row''s identifier, made by the database.';
comment on column identity.session_tokens.user_id is
    'The user whose session it is.';
comment on column identity.session_tokens.token_hash is
    'The SHA-256 of the token, 32 bytes; the token itself is shown once and not kept. Only sign-in reads it.';
comment on column identity.session_tokens.last_used_at is
    'When the token was last checked, to the minute; null for never.';
comment on column identity.session_tokens.created_at is
    'When the token was issued.';
comment on column identity.session_tokens.expires_at is
    'When the session ends.';
comment on constraint session_tokens_pkey on identity.session_tokens is
    'There is already a session token with this id.';
comment on constraint session_tokens_user_id_fkey on identity.session_tokens is
    'There is no user with this id; still referenced: the user has session tokens.';
comment on constraint session_tokens_token_hash_key on identity.session_tokens is
    'There is already a session with this token.';
comment on constraint session_tokens_token_hash_is_sha256_check
on identity.session_tokens is
    'A token''s hash is a SHA-256: 32 bytes.';
comment on constraint session_tokens_expires_at_is_later_check
on identity.session_tokens is
    'A session ends after it begins.';
comment on constraint session_tokens_times_are_1970_to_9999_check
on identity.session_tokens is
    'A session''s times lie between 1970 and 9999.';

-- Serves identity.session_tokens.list_for_user and session_tokens_user_id_fkey.
create index session_tokens_user_id_idx on identity.session_tokens (user_id);

-- Serves identity.sweep.
create index session_tokens_expires_at_idx on identity.session_tokens (expires_at);

create trigger session_tokens_note_sign_in
before insert on identity.session_tokens
for each row
execute function identity.note_sign_in();

create trigger session_tokens_refuse_inactive_user
before insert or update of user_id on identity.session_tokens
for each row
execute function identity.refuse_inactive_user();

alter table identity.session_tokens enable row level security;
alter table identity.session_tokens force row level security;

create policy session_tokens_owner on identity.session_tokens
    to renderstore_owner
    using (true)
    with check (true);
create policy session_tokens_own on identity.session_tokens
    to renderstore_app
    using (user_id = (select identity.current_user_id()))
    with check (user_id = (select identity.current_user_id()));
create policy session_tokens_every on identity.session_tokens
    to renderstore_auth, renderstore_admin
    using (true)
    with check (true);
create policy session_tokens_read on identity.session_tokens
    for select
    to renderstore_readonly
    using (true);

grant select (id, user_id, last_used_at, created_at, expires_at)
on identity.session_tokens
    to renderstore_app, renderstore_admin, renderstore_readonly;
-- Not for renderstore_app, as on identity.web_sessions.
grant delete on identity.session_tokens to renderstore_admin;
grant
    select,
    insert (user_id, token_hash, expires_at),
    update (last_used_at, expires_at),
    delete
on identity.session_tokens
to renderstore_auth;

-- Security definer: as identity.end_web_session.
create function identity.end_session_token(id uuid)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    ended bigint;
begin
    delete from identity.session_tokens as t
    where t.id = end_session_token.id and identity.may_end_sessions(t.user_id);
    get diagnostics ended = row_count;
    return ended;
end
$$;
comment on function identity.end_session_token(uuid) is
    'Ends a session that we issued. Says how many there were: one or none.';

-- Security definer: as identity.end_web_sessions.
create function identity.end_session_tokens(
    user_id uuid,
    except_id uuid default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    ended bigint;
begin
    delete from identity.session_tokens as t
    where t.user_id = end_session_tokens.user_id
        and t.id is distinct from end_session_tokens.except_id
        and identity.may_end_sessions(t.user_id);
    get diagnostics ended = row_count;
    return ended;
end
$$;
comment on function identity.end_session_tokens(uuid, uuid) is
    'Ends the sessions that we issued to a user, or all but one. Says how many.';

grant execute on function
    identity.end_session_token(uuid),
    identity.end_session_tokens(uuid, uuid)
to renderstore_app, renderstore_auth, renderstore_admin;
