-- People: created by an administrator or a sign-in, changed by themselves, ended by an administrator.

-- name: create(email, name, role)^
-- The user just created.
-- row: User
-- null: email? name?
insert into identity.users (email, name, role)
values (:email, :name, :role)
returning id, role, status, email, name, created_at, updated_at;

-- name: get(id)^
-- The user with this id.
-- row: User
select id, role, status, email, name, created_at, updated_at
from identity.users
where id = :id;

-- name: find_by_email(email)^
-- The user with this e-mail address, in whatever case; nobody who was deactivated.
-- row: User
select id, role, status, email, name, created_at, updated_at
from identity.users
where email = lower(:email) and status <> 'deactivated';

-- name: list(after_id, page_size)
-- A page of users in the order of their creation.
-- row: User
select id, role, status, email, name, created_at, updated_at
from identity.users
where id > coalesce(:after_id::uuid, '00000000-0000-0000-0000-000000000000')
order by id
limit :page_size;

-- name: count()$
-- How many users there are, deactivated ones included.
select count(*) as users
from identity.users;

-- name: rename(id, name)^
-- The user under the new name.
-- row: User
update identity.users
set name = :name
where id = :id
returning id, role, status, email, name, created_at, updated_at;

-- name: set_role(id, role)^
-- The user in the new role.
-- row: User
update identity.users
set role = :role
where id = :id
returning id, role, status, email, name, created_at, updated_at;

-- name: set_status(id, status)^
-- The user in the new status.
-- row: User
update identity.users
set status = :status
where id = :id
returning id, role, status, email, name, created_at, updated_at;

-- name: erase(id)!
-- How many users were erased, with everything they own: one or none.
delete from identity.users
where id = :id;
