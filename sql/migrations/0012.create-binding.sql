-- Every scope begins with identity.bind: the one place that says for whom a transaction acts.
-- Entering an administrator's scope for a user asks whether that user is one, at that moment; a user's scope, whether
-- the user lives here and does not move just now.
-- depends: 0011.create-user-secrets

set local role renderstore_owner;

create function identity.check_here(user_id uuid)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    place record;
begin
    -- Where there is one machine, that is all it pays.
    if not exists (select from ops.farms as f where f.id > 1) then
        return;
    end if;
    select
        u.farm_id as lives_on,
        h.farm_id as this,
        h.is_home,
        m.to_farm_id as moves_to
    into place
    from ops.here as h
    left join identity.users as u on u.id = check_here.user_id
    left join ops.moves as m on m.user_id = u.id and m.to_farm_id <> h.farm_id;
    if place.lives_on is null and not place.is_home then
        -- Nothing to show is no answer: home may know the user.
        raise exception using
            errcode = 'RS017',
            message = format(
                'Farm %s does not know this user: home''s word has not come yet, or they were erased.',
                place.this
            );
    elsif place.lives_on <> place.this then
        raise exception using
            errcode = 'RS010',
            message = format(
                'This user lives on farm %s, and this is farm %s.',
                place.lives_on,
                place.this
            ),
            -- For programs, which go there.
            detail = place.lives_on;
    elsif place.moves_to is not null
        and not current_setting('transaction_read_only')::boolean
    then
        raise exception using
            errcode = 'RS015',
            message = format(
                'This user moves to farm %s just now: until then nothing of theirs is written.',
                place.moves_to
            );
    end if;
end
$$;
comment on function identity.check_here(uuid) is
    'Refuses a user who lives on another farm, whose number is the error''s DETAIL, one of whom this farm has not heard, and, where something may be written, one who moves.';

grant execute on function identity.check_here(uuid)
    to renderstore_app, renderstore_admin, renderstore_readonly;

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
    if role_name = 'renderstore_app' and user_id is not null then
        perform identity.check_here(user_id);
    end if;
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
