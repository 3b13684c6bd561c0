-- Which failures are tried again.

-- name: set(name, is_retried, meaning)^
-- The error class, made or changed.
-- row: ErrorClass
insert into work.error_classes (name, is_retried, meaning)
values (:name, :is_retried, :meaning)
on conflict (name) do update
set
    is_retried = excluded.is_retried,
    meaning = excluded.meaning
returning
    name,
    is_retried,
    meaning;

-- name: list(after_name, page_size)
-- A page of error classes in the order of their names.
-- row: ErrorClass
select
    name,
    is_retried,
    meaning
from work.error_classes
where name > coalesce(:after_name::text, '')
order by name
limit (select :page_size::bigint);
