-- Who is acting: every policy asks identity.current_user_id, events and the audit trail ask
-- identity.current_actor. The settings live as long as the transaction, so a pooled connection keeps nothing.
-- depends: 0004.create-uuidv7

set local role renderstore_owner;

create function identity.current_user_id()
returns uuid
language sql
stable
parallel safe
-- Unset reads as null the first time and as '' after a transaction that had set it.
return nullif(current_setting('renderstore.user_id', true), '')::uuid;

comment on function identity.current_user_id() is
    'The user whose rows this transaction may see; null when none is bound.';

create function identity.current_actor()
returns text
language sql
stable
parallel safe
return coalesce(
    nullif(current_setting('renderstore.actor', true), ''),
    'login:' || session_user
);

comment on function identity.current_actor() is
    'Who is acting, for events and the audit trail: user:…, token:…, worker:…, admin:…, dba:…, or login:… outside a scope.';

grant execute on function
    identity.current_user_id(),
    identity.current_actor()
    to public;
