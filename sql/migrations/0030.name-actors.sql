-- Who acts, in one place. The role that was entered says it: right under identity.bind, under "alter role … set role" and
-- within a definer. Whoever merely inherits a role, as a superuser does, has entered none and is refused.
-- depends: 0029.create-workers

set local role renderstore_owner;

create function work.acting_owner(user_id uuid)
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    acting constant text := current_setting('role');
    bound constant uuid := identity.current_user_id();
begin
    if acting = 'renderstore_app' and bound is not null then
        if user_id is null or user_id = bound then
            return bound;
        end if;
        raise exception using
            errcode = '42501',
            message = 'Only an administrator names another user.';
    elsif acting = 'renderstore_admin' and coalesce(user_id, bound) is not null then
        perform identity.check_here(coalesce(user_id, bound));
        return coalesce(user_id, bound);
    elsif acting = 'renderstore_admin' then
        raise exception using
            errcode = '42501',
            message = 'An administrator without a user here names the user whose jobs are meant.';
    end if;
    raise exception using
        errcode = '42501',
        message = 'This is asked within a user''s or an administrator''s scope: identity.bind enters one.';
end
$$;
comment on function work.acting_owner(uuid) is
    'The user whose jobs are meant: the bound one, or, for an administrator, the one that is named.';

create function work.acting_worker()
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('role') <> 'renderstore_worker' then
        raise exception using
            errcode = 'RS006',
            message = 'Only a worker does this to a job: identity.bind enters its scope.';
    end if;
    return work.current_worker();
end
$$;
comment on function work.acting_worker() is
    'The name of the worker whose scope this is; refuses whoever is in none.';

create function work.check_administrator()
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('role') <> 'renderstore_admin' then
        raise exception using
            errcode = '42501',
            message = 'Only an administrator does this: identity.bind enters that scope.';
    end if;
end
$$;
comment on function work.check_administrator() is
    'Refuses whoever is in no administrator''s scope.';
