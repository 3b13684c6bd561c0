-- Accounts at sign-in providers. Auth.js writes them through the views in authjs.

-- name: link(user_id, type, provider, provider_account_id)^
-- The account just linked to an active user.
-- row: Account
insert into identity.accounts (user_id, type, provider, provider_account_id)
values (:user_id, :type, :provider, :provider_account_id)
returning
    id,
    user_id,
    type,
    provider,
    provider_account_id,
    created_at;

-- name: find(provider, provider_account_id)^
-- The account with this id at the provider, Google's subject for one.
-- row: Account
select
    id,
    user_id,
    type,
    provider,
    provider_account_id,
    created_at
from identity.accounts
where provider = :provider and provider_account_id = :provider_account_id;

-- name: list_for_user(user_id, after_id, page_size)
-- A page of a user's accounts in the order in which they were linked.
-- row: Account
select
    id,
    user_id,
    type,
    provider,
    provider_account_id,
    created_at
from identity.accounts
where user_id = :user_id
    and id > coalesce(:after_id::uuid, '00000000-0000-0000-0000-000000000000')
order by id
limit (select :page_size::bigint);

-- name: unlink(provider, provider_account_id)!
-- How many accounts were unlinked: one or none.
delete from identity.accounts
where provider = :provider and provider_account_id = :provider_account_id;
