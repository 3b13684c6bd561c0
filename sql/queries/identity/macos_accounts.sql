-- The names under which people log into their Macs. An administrator adds and removes them.
-- identity.users.find_by_macos_name finds the user of one.

-- name: create(user_id, name)^
-- The macOS account name just added, in lower case; a deactivated user's is free.
-- The names are counted, so that one is free before it is taken.
-- row: MacosAccount
with freed as (
    delete from identity.macos_accounts
    where name = lower(:name)
        and exists (
            select
            from identity.users
            where users.id = macos_accounts.user_id and users.status = 'deactivated'
        )
    returning id
)

insert into identity.macos_accounts (user_id, name)
select
    :user_id,
    :name
from (
    select count(*) as names
    from freed
) as counted
where names >= 0
returning
    id,
    user_id,
    name,
    created_at;

-- name: list_for_user(user_id, after_id, page_size)
-- A page of a user's macOS account names in the order in which they were added.
-- row: MacosAccount
select
    id,
    user_id,
    name,
    created_at
from identity.macos_accounts
where user_id = :user_id
    and id > coalesce(:after_id::uuid, '00000000-0000-0000-0000-000000000000')
order by id
limit (select :page_size::bigint);

-- name: delete(name)!
-- How many names were removed: one or none.
delete from identity.macos_accounts
where name = lower(:name);
