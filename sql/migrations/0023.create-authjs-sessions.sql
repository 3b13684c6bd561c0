-- Browser sessions under the names that Auth.js's PostgreSQL adapter expects. A session shows only while its
-- user is active: whoever is suspended is signed out at the adapter's next question.
-- depends: 0022.create-authjs-users

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

create function authjs.insert_session()
returns trigger
language plpgsql
as $$
begin
    -- First, so that two sign-ins of one user queue here: the session takes a share lock, and two that
    -- hold one could not both go on to write.
    update identity.users
    set last_login_at = now()
    where users.id = new."userId";
    insert into identity.web_sessions as s (
        user_id,
        session_token,
        expires_at
    )
    values (
        new."userId",
        new."sessionToken",
        new.expires
    )
    returning s.id into new.id;
    return new;
end
$$;
comment on function authjs.insert_session() is
    'Trigger: stores a session that Auth.js begins and notes the user''s sign-in.';

create trigger sessions_insert_session
instead of insert on authjs.sessions
for each row
execute function authjs.insert_session();

grant
    select,
    insert ("userId", expires, "sessionToken"),
    update (expires),
    delete
on authjs.sessions
to renderstore_auth;
