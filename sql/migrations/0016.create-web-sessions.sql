-- Auth.js's sessions in the browser. The token is stored as Auth.js compares it; only sign-in reads it.
-- depends: 0015.create-accounts

set local role renderstore_owner;

create table identity.web_sessions (
    id uuid not null default ops.uuidv7(),
    user_id uuid not null,
    session_token text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,

    constraint web_sessions_pkey primary key (id),
    constraint web_sessions_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade,
    constraint web_sessions_session_token_key unique (session_token),
    constraint web_sessions_session_token_is_short_check
        check (length(session_token) between 1 and 500),
    constraint web_sessions_times_are_1970_to_9999_check check (
        least(created_at, expires_at) >= '1970-01-01 00:00+00'
        and greatest(created_at, expires_at) < '9999-12-31 00:00+00'
    )
);

comment on table identity.web_sessions is
    'One row a browser that is signed in through Auth.js.';
comment on column identity.web_sessions.id is
    'The row''s identifier, made by the database.';
comment on column identity.web_sessions.user_id is
    'The user who is signed in.';
comment on column identity.web_sessions.session_token is
    'The cookie''s value, as Auth.js writes and compares it. Only sign-in reads it.';
comment on column identity.web_sessions.created_at is
    'When the browser signed in.';
comment on column identity.web_sessions.expires_at is
    'When the session ends; Auth.js moves it while the session is used.';
comment on constraint web_sessions_pkey on identity.web_sessions is
    'There is already a session with this id.';
comment on constraint web_sessions_user_id_fkey on identity.web_sessions is
    'There is no user with this id; still referenced: the user has sessions.';
comment on constraint web_sessions_session_token_key on identity.web_sessions is
    'There is already a session with this token.';
comment on constraint web_sessions_session_token_is_short_check on identity.web_sessions is
    'A session''s token has 1 to 500 characters.';
comment on constraint web_sessions_times_are_1970_to_9999_check
on identity.web_sessions is
    'A session''s times lie between 1970 and 9999.';

-- Serves identity.web_sessions.list_for_user and web_sessions_user_id_fkey.
create index web_sessions_user_id_idx on identity.web_sessions (user_id);

-- Serves identity.sweep.
create index web_sessions_expires_at_idx on identity.web_sessions (expires_at);

create function identity.note_sign_in()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update identity.users
    set last_login_at = now()
    where id = new.user_id and status = 'active';
    return new;
end
$$;
comment on function identity.note_sign_in() is
    'Trigger: whoever is given a session has signed in.';

create trigger web_sessions_note_sign_in
before insert on identity.web_sessions
for each row
execute function identity.note_sign_in();

create trigger web_sessions_refuse_inactive_user
before insert or update of user_id on identity.web_sessions
for each row
execute function identity.refuse_inactive_user();

alter table identity.web_sessions enable row level security;
alter table identity.web_sessions force row level security;

create policy web_sessions_owner on identity.web_sessions
    to renderstore_owner
    using (true)
    with check (true);
create policy web_sessions_own on identity.web_sessions
    to renderstore_app
    using (user_id = (select identity.current_user_id()))
    with check (user_id = (select identity.current_user_id()));
create policy web_sessions_every on identity.web_sessions
    to renderstore_auth, renderstore_admin
    using (true)
    with check (true);
create policy web_sessions_read on identity.web_sessions
    for select
    to renderstore_readonly
    using (true);

grant select (id, user_id, created_at, expires_at) on identity.web_sessions
    to renderstore_app, renderstore_admin, renderstore_readonly;
-- Not for renderstore_app: who may delete from a table may lock all of it, and with it everybody who is signed in.
grant delete on identity.web_sessions to renderstore_admin;
grant
    select,
    insert (user_id, session_token, expires_at),
    update (expires_at),
    delete
on identity.web_sessions
to renderstore_auth;

-- The doors below run as the owner, so they ask it of each row.
create function identity.may_end_sessions(user_id uuid)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    case current_setting('role')
        when 'renderstore_app' then
            return may_end_sessions.user_id = identity.current_user_id();
        when 'renderstore_auth', 'renderstore_admin' then
            return true;
        else
            raise exception using
                errcode = '42501',
                message = 'Sessions are ended within a scope of the user, of sign-in or of an administrator: identity.bind enters one.';
    end case;
end
$$;
comment on function identity.may_end_sessions(uuid) is
    'Whether a user''s sessions are the acting role''s to end: the own ones, and everybody''s for sign-in and administrators.';

-- Security definer: whoever is signed in may sign out elsewhere, and lock no table.
create function identity.end_web_session(id uuid)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    ended bigint;
begin
    delete from identity.web_sessions as s
    where s.id = end_web_session.id and identity.may_end_sessions(s.user_id);
    get diagnostics ended = row_count;
    return ended;
end
$$;
comment on function identity.end_web_session(uuid) is
    'Ends a session of Auth.js. Says how many there were: one or none.';

-- Security definer: as identity.end_web_session. Without a limit: out everywhere is everywhere.
create function identity.end_web_sessions(user_id uuid, except_id uuid default null)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    ended bigint;
begin
    delete from identity.web_sessions as s
    where s.user_id = end_web_sessions.user_id
        and s.id is distinct from end_web_sessions.except_id
        and identity.may_end_sessions(s.user_id);
    get diagnostics ended = row_count;
    return ended;
end
$$;
comment on function identity.end_web_sessions(uuid, uuid) is
    'Ends a user''s sessions of Auth.js, or all but one. Says how many.';

grant execute on function
    identity.end_web_session(uuid),
    identity.end_web_sessions(uuid, uuid)
to renderstore_app, renderstore_auth, renderstore_admin;
