-- Browser sessions under the names that Auth.js's PostgreSQL adapter expects. A session shows only while its
-- user is active: whoever is suspended is signed out at the adapter's next question.
-- depends: 0023.create-authjs-users

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
