-- What workers offer and jobs ask for.

-- name: declare(name, meaning)^
-- The label, made or given another meaning: workers bring theirs by registering.
-- row: Label
-- null: meaning?
insert into work.labels (name, meaning)
values (:name, :meaning)
on conflict (name) do update
set meaning = excluded.meaning
returning
    name,
    meaning,
    declared_by,
    declared_at;

-- name: list(after_name, page_size)
-- A page of the labels that a job may ask for.
-- row: Label
select
    name,
    meaning,
    declared_by,
    declared_at
from work.labels
where name > coalesce(:after_name::text, '')
order by name
limit (select :page_size::bigint);

-- name: delete(name)!
-- How many labels were deleted: one or none. Jobs that ask for it keep it; new ones may not.
delete from work.labels
where name = :name;
