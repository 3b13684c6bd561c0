-- Who did what to which row. Nobody writes it: the tables that audit.columns lists do.

-- name: list(before_id, page_size)
-- A page of what happened to the acting user's rows, newest first, before the entry with this id (null for the first page).
-- row: Entry
-- null: before_id? bound_user_id? before? after? transaction_id!
select
    user_id,
    id,
    happened_at,
    transaction_id::text as transaction_id,
    actor,
    bound_user_id,
    login,
    table_name,
    row_key,
    operation,
    changed,
    before,
    after
from audit.entries
where user_id = (select identity.current_user_id())
    and id < coalesce(:before_id::bigint, 9223372036854775807)
order by id desc
limit (select :page_size::bigint);

-- name: list_by_user(user_id, before_id, page_size)
-- The same of one user's rows, or of nobody's (the nil UUID), for who sees every row.
-- row: Entry
-- null: before_id? bound_user_id? before? after? transaction_id!
select
    user_id,
    id,
    happened_at,
    transaction_id::text as transaction_id,
    actor,
    bound_user_id,
    login,
    table_name,
    row_key,
    operation,
    changed,
    before,
    after
from audit.entries
where user_id = :user_id
    and id < coalesce(:before_id::bigint, 9223372036854775807)
order by id desc
limit (select :page_size::bigint);

-- name: list_by_row(table_name, row_key, before_id, page_size)
-- A page of one row's life, newest first: the table with its schema, the key without its owner.
-- row: Entry
-- null: before_id? bound_user_id? before? after? transaction_id!
select
    user_id,
    id,
    happened_at,
    transaction_id::text as transaction_id,
    actor,
    bound_user_id,
    login,
    table_name,
    row_key,
    operation,
    changed,
    before,
    after
from audit.entries
where table_name = :table_name
    and row_key = :row_key
    and id < coalesce(:before_id::bigint, 9223372036854775807)
order by id desc
limit (select :page_size::bigint);

-- name: list_by_actor(actor, before_id, page_size)
-- A page of what somebody did, newest first, for who sees every row.
-- row: Entry
-- null: before_id? bound_user_id? before? after? transaction_id!
select
    user_id,
    id,
    happened_at,
    transaction_id::text as transaction_id,
    actor,
    bound_user_id,
    login,
    table_name,
    row_key,
    operation,
    changed,
    before,
    after
from audit.entries
where actor = :actor
    and id < coalesce(:before_id::bigint, 9223372036854775807)
order by id desc
limit (select :page_size::bigint);

-- name: list_by_time(since, before_at, before_id, page_size)
-- A page of what happened since a time, newest first, before the entry of this time and id (null for the first page), for who sees every row.
-- row: Entry
-- null: since? before_at? before_id? bound_user_id? before? after? transaction_id!
select
    user_id,
    id,
    happened_at,
    transaction_id::text as transaction_id,
    actor,
    bound_user_id,
    login,
    table_name,
    row_key,
    operation,
    changed,
    before,
    after
from audit.entries
where happened_at >= coalesce(:since::timestamptz, '-infinity')
    and (happened_at, id) < (
        coalesce(:before_at::timestamptz, 'infinity'),
        coalesce(:before_id::bigint, 9223372036854775807)
    )
order by happened_at desc, id desc
limit (select :page_size::bigint);

-- name: history(table_name, row_key, max_rows)
-- One row's life as a person reads it, the oldest first: of its latest entries at most this many (null for 100).
-- row: HistoryLine
-- null: max_rows? happened_at! actor! who! what!
select
    happened_at,
    actor,
    who,
    what
from audit.history(:table_name, :row_key, coalesce(:max_rows::bigint, 100));
