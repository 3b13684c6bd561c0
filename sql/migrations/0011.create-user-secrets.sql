-- What only sign-in reads of a user. It stands apart, so that everybody else's plain `select *` works on
-- identity.users.
-- depends: 0010.create-owners

set local role renderstore_owner;

create table identity.user_secrets (
    user_id uuid not null,
    plex_token_encrypted bytea,
    password_hash text,

    constraint user_secrets_pkey primary key (user_id),
    constraint user_secrets_user_id_fkey foreign key (user_id)
        references identity.users (id) on delete cascade,
    constraint user_secrets_password_is_argon2id_check check (
        password_hash
        ~ ('^\$argon2id\$v=19\$m=[0-9]{4,9},t=[0-9]{1,4},p=[0-9]{1,3}'
            '\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{22,}$')
        and length(password_hash) <= 500
    )
);

comment on table identity.user_secrets is
    'At most one row a user: what only sign-in reads. A user without one has no secrets.';
comment on column identity.user_secrets.user_id is
    'The user whose secrets these are.';
comment on column identity.user_secrets.plex_token_encrypted is
    'Plex''s token, encrypted by the application and bound to this row; null without one.';
comment on column identity.user_secrets.password_hash is
    'An argon2id hash in PHC form, only for the first administrator; null for everybody else.';
comment on constraint user_secrets_pkey on identity.user_secrets is
    'This user already has secrets.';
comment on constraint user_secrets_user_id_fkey on identity.user_secrets is
    'There is no user with this id; still referenced: the user has secrets.';
comment on constraint user_secrets_password_is_argon2id_check on identity.user_secrets is
    'A password is stored as an argon2id hash in PHC form.';

create function identity.guard_user_secrets()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    owner record;
begin
    select
        u.plex_id,
        u.is_bootstrap
    into owner
    from identity.users as u
    where u.id = new.user_id;
    if new.plex_token_encrypted is not null and owner.plex_id is null then
        raise exception using
            errcode = '23514',
            message = 'A Plex token belongs to a Plex id.';
    end if;
    if new.password_hash is not null and owner.is_bootstrap is not true then
        raise exception using
            errcode = '23514',
            message = 'Only the first administrator has a password; everybody else signs in elsewhere.';
    end if;
    return new;
end
$$;
comment on function identity.guard_user_secrets() is
    'Trigger: only a user with a Plex id has a Plex token, and only the first administrator a password.';

create trigger user_secrets_guard
before insert or update on identity.user_secrets
for each row
when (new.plex_token_encrypted is not null or new.password_hash is not null)
execute function identity.guard_user_secrets();

alter table identity.user_secrets enable row level security;
alter table identity.user_secrets force row level security;

create policy user_secrets_owner on identity.user_secrets
    to renderstore_owner
    using (true)
    with check (true);
create policy user_secrets_every on identity.user_secrets
    to renderstore_auth
    using (true)
    with check (true);

grant
    select,
    insert (user_id, plex_token_encrypted),
    update (plex_token_encrypted, password_hash)
on identity.user_secrets
to renderstore_auth;
