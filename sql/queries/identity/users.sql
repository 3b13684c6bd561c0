-- People: made and changed by a sign-in or an administrator, ended by an administrator.
-- Their secrets stand in identity.user_secrets (sign_in.sql reads them).

-- name: create(email, name, role, plan_id, farm_id)^
-- The user just created, by an administrator: a plain user on the free plan and farm 1 unless said otherwise.
-- row: User
-- null: email? name?
insert into identity.users (email, name, role, plan_id, farm_id)
values (
    :email,
    :name,
    coalesce(:role::identity.user_role, 'user'),
    coalesce(:plan_id::text, 'free'),
    coalesce(:farm_id::smallint, 1)
)
returning
    id,
    plan_id,
    farm_id,
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
    updated_at;

-- name: get(id)^
-- The user with this id.
-- row: User
select
    id,
    plan_id,
    farm_id,
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
from identity.users
where id = :id;

-- name: find_farm(id)$
-- The number of the farm where this user lives; nothing where there is no such user. Any node may be asked.
select farm_id
from identity.users
where id = :id;

-- name: find_by_email(email)^
-- The user with this e-mail address, in whatever case; nobody who was deactivated.
-- row: User
select
    id,
    plan_id,
    farm_id,
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
from identity.users
where email = lower(:email) and status in ('active', 'suspended');

-- name: find_by_plex_id(plex_id)^
-- The user with this Plex id; nobody who was deactivated.
-- row: User
select
    id,
    plan_id,
    farm_id,
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
from identity.users
where plex_id = :plex_id and status in ('active', 'suspended');

-- name: find_by_slack_id(slack_id)^
-- The user with this Slack id; nobody who was deactivated.
-- row: User
select
    id,
    plan_id,
    farm_id,
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
from identity.users
where slack_id = :slack_id and status in ('active', 'suspended');

-- name: find_by_macos_name(name)^
-- The user who logs into a Mac under this name, in whatever case; nobody who was deactivated.
-- row: User
select
    users.id,
    users.plan_id,
    users.farm_id,
    users.role,
    users.status,
    users.is_bootstrap,
    users.email,
    users.name,
    users.image,
    users.slack_id,
    users.plex_id,
    users.plex_username,
    users.is_password_change_due,
    users.email_verified_at,
    users.last_login_at,
    users.created_at,
    users.updated_at
from identity.macos_accounts
join identity.users on users.id = macos_accounts.user_id
where macos_accounts.name = lower(:name) and users.status in ('active', 'suspended');

-- name: list(after_id, page_size)
-- A page of users in the order of their creation, after the one with this id (null for the first page).
-- row: User
select
    id,
    plan_id,
    farm_id,
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
from identity.users
where id > coalesce(:after_id::uuid, '00000000-0000-0000-0000-000000000000')
order by id
limit (select :page_size::bigint);

-- name: list_admins(after_id, page_size)
-- A page of administrators in the order of their creation.
-- row: User
select
    id,
    plan_id,
    farm_id,
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
from identity.users
where role = 'admin'
    and id > coalesce(:after_id::uuid, '00000000-0000-0000-0000-000000000000')
order by id
limit (select :page_size::bigint);

-- name: search(prefix, after_email, after_id, page_size)
-- A page of users whose e-mail address begins so, in whatever case, ordered by address, after the last
-- page's last address and id (null for the first page); deactivated ones included.
-- row: User
select
    id,
    plan_id,
    farm_id,
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
from identity.users
where email collate "C" >= lower(:prefix)
    and email collate "C" < lower(:prefix) || chr(1114111)
    and (email collate "C", id) > (
        coalesce(:after_email::text, ''),
        coalesce(:after_id::uuid, '00000000-0000-0000-0000-000000000000')
    )
order by
    email collate "C",
    id
limit (select :page_size::bigint);

-- name: count()$
-- How many users there are, deactivated ones included.
select count(*) as users
from identity.users;

-- name: update_profile(id, name, image)^
-- The user under the new name and picture, set by sign-in or an administrator: a user's own transaction holds no
-- row that an administrator ends.
-- row: User
update identity.users
set
    name = :name,
    image = :image
where id = :id
returning
    id,
    plan_id,
    farm_id,
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
    updated_at;

-- name: set_contact(id, email, slack_id)^
-- The user with the new e-mail address and Slack id, set by an administrator.
-- row: User
update identity.users
set
    email = :email,
    slack_id = :slack_id,
    email_verified_at = case
        when email is not distinct from lower(:email) then email_verified_at
    end
where id = :id
returning
    id,
    plan_id,
    farm_id,
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
    updated_at;

-- name: set_role(id, role)^
-- The user in the new role.
-- row: User
update identity.users
set role = :role
where id = :id
returning
    id,
    plan_id,
    farm_id,
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
    updated_at;

-- name: set_plan(id, plan_id)^
-- The user on the new plan.
-- row: User
update identity.users
set plan_id = :plan_id
where id = :id
returning
    id,
    plan_id,
    farm_id,
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
    updated_at;

-- name: suspend(id)^
-- The user, refused from now on until reactivated.
-- row: User
update identity.users
set status = 'suspended'
where id = :id
returning
    id,
    plan_id,
    farm_id,
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
    updated_at;

-- name: deactivate(id)^
-- The user, given up: sessions, tokens and waiting jobs are void, unique names are free again. It waits for nothing
-- of theirs: identity.sweep and work.sweep clear the rest.
-- row: User
update identity.users
set status = 'deactivated'
where id = :id
returning
    id,
    plan_id,
    farm_id,
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
    updated_at;

-- name: reactivate(id)^
-- The user, active again; refused where somebody else has taken a unique name since.
-- row: User
update identity.users
set status = 'active'
where id = :id
returning
    id,
    plan_id,
    farm_id,
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
    updated_at;

-- name: erase(id)!
-- How many users were erased: one or none. What they own ends at once, or with the next identity.sweep where somebody
-- holds a row of it.
delete from identity.users
where id = :id;
