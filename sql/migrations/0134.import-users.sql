-- How people of another system become users here. Whoever is here already is found by Plex id or e-mail address and stays as is; the old
-- id leads to that user from then on. A password's hash never comes: it is another program's.
-- depends: 0133.create-imported

set local role renderstore_owner;

-- Only who signs in now has signed in now: a session that came from another system began there.
drop trigger web_sessions_note_sign_in on identity.web_sessions;
create trigger web_sessions_note_sign_in
before insert on identity.web_sessions
for each row
when (new.created_at = now())
execute function identity.note_sign_in();

drop trigger session_tokens_note_sign_in on identity.session_tokens;
create trigger session_tokens_note_sign_in
before insert on identity.session_tokens
for each row
when (new.created_at = now())
execute function identity.note_sign_in();

create function identity.import_names(
    kind text,
    user_id uuid,
    names jsonb,
    out changes text[]
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    wanted text;
begin
    changes := '{}';
    if coalesce(jsonb_typeof(names), 'null') = 'null' then
        return;
    elsif jsonb_typeof(names) <> 'array' then
        changes := array['macUsernames: dropped, it is no list'];
        return;
    end if;
    for wanted in
        select distinct lower(btrim(listed.name))
        from jsonb_array_elements_text(names) as listed (name)
        order by 1
    loop
        if wanted is null or wanted !~ '^[a-z0-9_][a-z0-9_.-]{0,254}$' then
            changes := changes || 'macUsernames: a name that no Mac has is dropped'::text;
        elsif not exists (
            select
            from identity.macos_accounts as m
            where m.name = wanted
        ) then
            insert into identity.macos_accounts (user_id, name)
            values (import_names.user_id, wanted);
        elsif not exists (
            select
            from identity.macos_accounts as m
            where m.name = wanted and m.user_id = import_names.user_id
        ) then
            changes := changes || 'macUsernames: another user''s name is dropped'::text;
        end if;
    end loop;
end
$$;
comment on function identity.import_names(text, uuid, jsonb) is
    'Gives a user who came from another system the macOS account names that are free; says what was dropped.';

create function identity.import_user(
    kind text,
    source text,
    old_row jsonb,
    plan_id text
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
#variable_conflict use_variable
declare
    changes text[] := '{}';
    old_id constant text := old_row ->> 'id';
    given_email constant text := nullif(btrim(old_row ->> 'email'), '');
    given_plex constant text := nullif(btrim(old_row ->> 'plex_id'), '');
    given_role constant text := lower(coalesce(old_row ->> 'role', 'user'));
    given_status constant text := lower(coalesce(old_row ->> 'status', 'active'));
    email text := lower(given_email);
    plex_id bigint;
    is_bootstrap boolean := coalesce((old_row ->> 'is_bootstrap_user')::boolean, false);
    name text := nullif(btrim(old_row ->> 'name'), '');
    image text := nullif(old_row ->> 'image', '');
    slack_id text := nullif(btrim(old_row ->> 'slackUserId'), '');
    plex_username text := nullif(btrim(old_row ->> 'plex_username'), '');
    created_at constant timestamptz := coalesce(
        old_row ->> 'createdAt',
        old_row ->> 'created_at'
    );
    updated_at constant timestamptz := coalesce(
        (coalesce(old_row ->> 'updatedAt', old_row ->> 'updated_at'))::timestamptz,
        created_at
    );
    verified_at timestamptz := old_row ->> 'emailVerified';
    login_at timestamptz := old_row ->> 'last_login_at';
    status identity.user_status;
    made uuid;
    there uuid[];
begin
    if ops.is_kept_time(created_at) is not true
        or ops.is_kept_time(updated_at) is not true
        or ops.is_kept_time(verified_at) = false
        or ops.is_kept_time(login_at) = false
    then
        perform ops.refuse_import(kind, source, old_row, 'Its times do not lie between 1970 and 9999.');
        return;
    end if;
    if given_plex ~ '^[0-9]{1,18}$' and given_plex::bigint > 0 then
        plex_id := given_plex;
    elsif given_plex is not null then
        changes := changes || 'plex_id: dropped, it is no number of Plex'::text;
    end if;
    if email is not null
        and (email !~ '^[^@[:space:]]+@[^@[:space:]]+$' or length(email) > 320)
    then
        if plex_id is null then
            perform ops.refuse_import(kind, source, old_row, 'Its e-mail address is none.');
            return;
        end if;
        email := null;
        changes := changes || 'email: dropped, it is no address'::text;
    elsif email <> old_row ->> 'email' then
        changes := changes || 'email: written in lower case'::text;
    end if;

    select array_agg(distinct u.id) into there
    from identity.users as u
    where (u.email = email or u.plex_id = plex_id)
        and u.status in ('active', 'suspended');
    if cardinality(there) > 1 then
        perform ops.refuse_import(
            kind, source, old_row,
            'Its e-mail address and its Plex id belong to two users.'
        );
        return;
    elsif there is not null then
        made := there[1];
        changes := array['merged with the user who has this address or Plex id, and who stays as is'];
    else
        -- A UUID stays; what is none becomes one.
        made := case
            when old_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then old_id::uuid
            else ops.imported_id(created_at, old_id)
        end;
        if given_role not in ('user', 'admin') then
            changes := changes || 'role: became user, the other is not known here'::text;
        end if;
        status := case given_status
            when 'active' then 'active'::identity.user_status
            when 'deleted' then 'deactivated'
            when 'deactivated' then 'deactivated'
            else 'suspended'
        end;
        if given_status not in ('active', 'suspended', 'deactivated') then
            changes := changes || format('status: %s became %s', given_status, status);
        end if;
        if length(name) > 200 then
            name := left(name, 200);
            changes := changes || 'name: cut after 200 characters'::text;
        end if;
        if length(image) > 65536 then
            image := null;
            changes := changes || 'image: dropped, it is longer than 65536 characters'::text;
        end if;
        if length(plex_username) > 200 then
            plex_username := left(plex_username, 200);
            changes := changes || 'plex_username: cut after 200 characters'::text;
        end if;
        if slack_id !~ '^[UW][A-Z0-9]{2,31}$' then
            slack_id := null;
            changes := changes || 'slackUserId: dropped, it is no id of Slack'::text;
        elsif exists (
            select
            from identity.users as u
            where u.slack_id = slack_id and u.status in ('active', 'suspended')
        ) then
            slack_id := null;
            changes := changes || 'slackUserId: dropped, another user has it'::text;
        end if;
        if is_bootstrap
            and exists (
                select
                from identity.users as u
                where u.is_bootstrap
            )
        then
            is_bootstrap := false;
            changes := changes || 'is_bootstrap_user: there is a first administrator already'::text;
        end if;
        if old_row ->> 'plex_token' is not null then
            changes := changes || 'plex_token: dropped, it is sealed with another key; the next sign-in with Plex brings it'::text;
        end if;
        if old_row ->> 'password_hash' is not null then
            changes := changes
                || case
                    when is_bootstrap
                        then 'password_hash: dropped, a new password is due'
                    else 'password_hash: dropped, only the first administrator has a password'
                end;
        end if;
        insert into identity.users (
            id,
            plan_id,
            role,
            status,
            is_bootstrap,
            email,
            name,
            image,
            slack_id,
            plex_id,
            plex_username,
            is_password_change_due,
            email_verified_at,
            last_login_at,
            created_at,
            updated_at
        )
        values (
            made,
            plan_id,
            case given_role when 'admin' then 'admin'::identity.user_role else 'user' end,
            status,
            is_bootstrap,
            email,
            name,
            image,
            slack_id,
            plex_id,
            plex_username,
            is_bootstrap,
            verified_at,
            login_at,
            created_at,
            updated_at
        );
        if is_bootstrap then
            insert into identity.bootstraps (is_done)
            values (true)
            on conflict do nothing;
            -- The hash of nothing that anybody knows: identity.sign_in.change_password takes its place.
            insert into identity.user_secrets (user_id, password_hash)
            values (
                made,
                format(
                    '$argon2id$v=19$m=65536,t=3,p=4$%s$%s',
                    substr(md5(gen_random_uuid()::text), 1, 22),
                    substr(md5(gen_random_uuid()::text) || md5(gen_random_uuid()::text), 1, 43)
                )
            );
        end if;
    end if;
    changes := changes || identity.import_names(kind, made, old_row -> 'macUsernames');
    perform ops.note_import(kind, source, old_id, 'identity.users', made::text, changes);
end
$$;
comment on function identity.import_user(text, text, jsonb, text) is
    'Brings one user of another system here, or finds who that is here already.';
