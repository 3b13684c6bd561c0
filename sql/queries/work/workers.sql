-- The programs that run jobs.

-- name: register(kinds, labels, version)^
-- The acting worker, registered under the name of its scope, or anew: the kinds that it takes, the labels that it offers.
-- row: Worker
-- null: :labels? version? name! kinds! labels! registered_at! seen_at!
select
    name,
    kinds,
    labels,
    version,
    registered_at,
    seen_at,
    stopped_at
from work.register(:kinds, coalesce(:labels::text[], '{}'), :version);

-- name: see()!
-- Notes that the acting worker lives: one, or none where it never registered.
update work.workers
set seen_at = now()
where name = work.current_worker();

-- name: stop()!
-- Notes that the acting worker stops: one, or none where it never registered.
update work.workers
set
    seen_at = now(),
    stopped_at = now()
where name = work.current_worker();

-- name: get(name)^
-- The worker of this name.
-- row: Worker
select
    name,
    kinds,
    labels,
    version,
    registered_at,
    seen_at,
    stopped_at
from work.workers
where name = :name;

-- name: list(after_name, page_size)
-- A page of workers in the order of their names.
-- row: Worker
select
    name,
    kinds,
    labels,
    version,
    registered_at,
    seen_at,
    stopped_at
from work.workers
where name > coalesce(:after_name::text, '')
order by name
limit (select :page_size::bigint);

-- name: list_gone(silent_for)
-- Workers that have not stopped and were not heard of for this long.
-- row: Worker
select
    name,
    kinds,
    labels,
    version,
    registered_at,
    seen_at,
    stopped_at
from work.workers
where stopped_at is null and seen_at < now() - :silent_for::interval
order by name
limit 1000;

-- name: delete(name)!
-- How many registrations were deleted: one or none.
delete from work.workers
where name = :name;
