-- Every scope begins with identity.bind: the one place that says for whom a transaction acts.
-- Entering an administrator's scope for a user asks whether that user is one, at that moment.
-- depends: 0011.create-user-secrets

set local role renderstore_owner;

-- Not security definer, which may not change the role.
create function identity.bind(role_name text, user_id uuid, actor text)
returns void
language plpgsql
volatile
as $$
begin
    perform
        set_config('role', role_name, true),
        set_config('search_path', '', true),
        -- What a login or a database may say otherwise, and clients do not read.
        set_config('datestyle', 'ISO', true),
        set_config('intervalstyle', 'postgres', true),
        set_config('renderstore.user_id', coalesce(user_id::text, ''), true),
        set_config('renderstore.actor', coalesce(actor, ''), true);
    -- The role is set by now, so the question is asked with that role's rights.
    if role_name = 'renderstore_admin' and user_id is not null then
        perform
        from identity.users
        where users.id = bind.user_id
            and users.role = 'admin'
            and users.status = 'active';
        if not found then
            raise exception using
                errcode = 'RS001',
                message = 'This user is not an active administrator.';
        end if;
    end if;
end
$$;

comment on function identity.bind(text, uuid, text) is
    'Enters a scope for the rest of the transaction: the role, the user whose rows are meant, and who acts.';

grant execute on function identity.bind(text, uuid, text) to public;
