-- Auth.js's proofs that somebody reads an e-mail address. Auth.js hashes a token before it arrives here.
-- They belong to an address, not to a user: nobody may be known yet.
-- depends: 0016.create-web-sessions

set local role renderstore_owner;

create table identity.verification_tokens (
    identifier text not null,
    token text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,

    constraint verification_tokens_pkey primary key (identifier, token),
    constraint verification_tokens_identifier_is_short_check
        check (length(identifier) between 1 and 320),
    constraint verification_tokens_token_is_short_check
        check (length(token) between 1 and 500),
    constraint verification_tokens_times_are_1970_to_9999_check check (
        least(created_at, expires_at) >= '1970-01-01 00:00+00'
        and greatest(created_at, expires_at) < '9999-12-31 00:00+00'
    )
);

comment on table identity.verification_tokens is
    'One row a link that was mailed to prove an address.';
comment on column identity.verification_tokens.identifier is
    'The e-mail address to be proven.';
comment on column identity.verification_tokens.token is
    'The hash of the link''s token, made by Auth.js. Only sign-in reads it.';
comment on column identity.verification_tokens.created_at is
    'When the link was mailed.';
comment on column identity.verification_tokens.expires_at is
    'When the link ceases to work.';
comment on constraint verification_tokens_pkey on identity.verification_tokens is
    'This address already has this verification token.';
comment on constraint verification_tokens_identifier_is_short_check
on identity.verification_tokens is
    'The address to be proven has 1 to 320 characters.';
comment on constraint verification_tokens_token_is_short_check
on identity.verification_tokens is
    'A verification token has 1 to 500 characters.';
comment on constraint verification_tokens_times_are_1970_to_9999_check
on identity.verification_tokens is
    'A token''s times lie between 1970 and 9999.';

-- Serves identity.sweep.
create index verification_tokens_expires_at_idx
on identity.verification_tokens (expires_at);

grant
    select,
    insert (identifier, token, expires_at),
    delete
on identity.verification_tokens
to renderstore_auth;
grant select (identifier, created_at, expires_at) on identity.verification_tokens
    to renderstore_admin, renderstore_readonly;
