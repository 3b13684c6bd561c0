-- Deactivating a user ends what lets them in: sessions and tokens are void, macOS names are free again. Their
-- accounts at providers stay, so that a sign-in hears why it is refused.
-- depends: 0021.create-token-binding

set local role renderstore_owner;

-- Security definer: whoever may deactivate a user ends all of this with it.
create function identity.end_deactivated_users()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    ended uuid[];
begin
    select array_agg(after.id) into ended
    from after
    join before on before.id = after.id
    where after.status = 'deactivated' and before.status <> 'deactivated';

    if ended is not null then
        delete from identity.web_sessions where user_id = any (ended);
        delete from identity.session_tokens where user_id = any (ended);
        delete from identity.macos_accounts where user_id = any (ended);
        update identity.api_tokens
        set revoked_at = now()
        where (user_id = any (ended) or for_user_id = any (ended)) and revoked_at is null;
    end if;
    return null;
end
$$;
comment on function identity.end_deactivated_users() is
    'Trigger: voids the sessions, tokens and macOS names of users who were just deactivated.';

create trigger users_end_deactivated
after update on identity.users
referencing old table as before new table as after
for each statement
execute function identity.end_deactivated_users();
