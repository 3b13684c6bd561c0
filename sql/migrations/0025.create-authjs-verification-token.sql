-- Mailed proofs of an address under the names that Auth.js's PostgreSQL adapter expects; it calls this one
-- in the singular.
-- depends: 0024.create-authjs-accounts

set local role renderstore_owner;

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
