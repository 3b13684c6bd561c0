-- What time and a deactivation do to identity. Deactivating and erasing change the user's row alone: whoever checks a
-- session or a token asks for the status, and the sweep clears what is left, past rows that somebody holds.
-- depends: 0022.create-token-binding

set local role renderstore_owner;

-- Security definer: it takes what no role may take by hand. Each user's rows are looked up by their index.
create function identity.sweep(max_rows bigint default 1000)
returns table (
    web_sessions bigint,
    session_tokens bigint,
    api_tokens bigint,
    verification_tokens bigint,
    macos_accounts bigint,
    owners bigint
)
language plpgsql
volatile
security definer
rows 1
set search_path = pg_catalog, pg_temp
-- Under a policy the planner takes everybody for deactivated.
set enable_seqscan = off
set jit = off
-- Rows that somebody holds are passed over; so is a table that somebody holds, and the next sweep comes back to it.
set lock_timeout = '100ms'
as $$
#variable_conflict use_column
declare
    ids uuid[];
    revoked bigint;
    erased uuid;
begin
    owners = 0;
    for erased in
        select o.user_id
        from identity.owners as o
        where not exists (
            select
            from identity.users as u
            where u.id = o.user_id
        )
        limit max_rows
    loop
        owners = owners + identity.end_owner(erased)::integer;
    end loop;
    web_sessions = 0;
    session_tokens = 0;
    api_tokens = 0;
    verification_tokens = 0;
    macos_accounts = 0;
    if not (select h.is_home from ops.here as h) then
        -- What there is to come in with is home's.
        return next;
        return;
    end if;

    -- Keys are gathered in arrays, since a join would be planned for a tenth of the table.
    begin
        ids = array(
            select s.id
            from identity.web_sessions as s
            where s.expires_at <= now()
            order by s.expires_at
            limit max_rows
            for update skip locked
        );
        ids = ids || array(
            select ended.id
            from identity.users as u
            cross join lateral (
                select s.id
                from identity.web_sessions as s
                where s.user_id = u.id and s.id <> all (ids)
                limit max_rows
                for update skip locked
            ) as ended
            where u.status = 'deactivated'
            limit greatest(max_rows - cardinality(ids), 0)
        );
        delete from identity.web_sessions as s
        where s.id = any (ids);
        get diagnostics web_sessions = row_count;
    exception
        when lock_not_available then
            web_sessions = 0;
    end;

    begin
        ids = array(
            select s.id
            from identity.session_tokens as s
            where s.expires_at <= now()
            order by s.expires_at
            limit max_rows
            for update skip locked
        );
        ids = ids || array(
            select ended.id
            from identity.users as u
            cross join lateral (
                select s.id
                from identity.session_tokens as s
                where s.user_id = u.id and s.id <> all (ids)
                limit max_rows
                for update skip locked
            ) as ended
            where u.status = 'deactivated'
            limit greatest(max_rows - cardinality(ids), 0)
        );
        delete from identity.session_tokens as s
        where s.id = any (ids);
        get diagnostics session_tokens = row_count;
    exception
        when lock_not_available then
            session_tokens = 0;
    end;

    begin
        ids = array(
            select t.id
            from identity.api_tokens as t
            where t.expires_at <= now()
            order by t.expires_at
            limit max_rows
            for update skip locked
        );
        delete from identity.api_tokens as t
        where t.id = any (ids);
        get diagnostics api_tokens = row_count;
        -- A token that a deactivated user issued, or that acts for one.
        ids = array(
            select ended.id
            from identity.users as u
            cross join lateral (
                select t.id
                from identity.api_tokens as t
                where (t.user_id = u.id or t.for_user_id = u.id) and t.revoked_at is null
                limit max_rows
                for update skip locked
            ) as ended
            where u.status = 'deactivated'
            limit greatest(max_rows - api_tokens, 0)
        );
        update identity.api_tokens as t
        set revoked_at = now()
        where t.id = any (ids) and t.revoked_at is null;
        get diagnostics revoked = row_count;
        api_tokens = api_tokens + revoked;
    exception
        when lock_not_available then
            api_tokens = 0;
    end;

    begin
        -- A verification token is never updated, so a ctid stays the row's as long as the row lives.
        delete from identity.verification_tokens as v
        where v.ctid = any (
            array(
                select expired.ctid
                from identity.verification_tokens as expired
                where expired.expires_at <= now()
                order by expired.expires_at
                limit max_rows
                for update skip locked
            )
        );
        get diagnostics verification_tokens = row_count;
    exception
        when lock_not_available then
            verification_tokens = 0;
    end;

    begin
        ids = array(
            select ended.id
            from identity.users as u
            cross join lateral (
                select m.id
                from identity.macos_accounts as m
                where m.user_id = u.id
                limit max_rows
                for update skip locked
            ) as ended
            where u.status = 'deactivated'
            limit max_rows
        );
        delete from identity.macos_accounts as m
        where m.id = any (ids);
        get diagnostics macos_accounts = row_count;
    exception
        when lock_not_available then
            macos_accounts = 0;
    end;

    return next;
end
$$;
comment on function identity.sweep(bigint) is
    'Clears up to max_rows of each: expired sessions and tokens, what deactivated users have left to come in with, and what erased users own. Says how many; call it until it says 0.';

grant execute on function identity.sweep(bigint)
    to renderstore_auth, renderstore_worker, renderstore_admin;

-- Security definer: as identity.sweep. Whoever comes back waits for what is left, and who is removed never does.
create function identity.end_access()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from identity.web_sessions where user_id = new.id;
    delete from identity.session_tokens where user_id = new.id;
    delete from identity.macos_accounts where user_id = new.id;
    update identity.api_tokens
    set revoked_at = now()
    where (user_id = new.id or for_user_id = new.id) and revoked_at is null;
    return null;
end
$$;
comment on function identity.end_access() is
    'Trigger: what a deactivation made void stays void when the user comes back before a sweep.';

create trigger users_end_access
after update of status on identity.users
for each row
when (old.status = 'deactivated' and new.status <> 'deactivated')
execute function identity.end_access();
