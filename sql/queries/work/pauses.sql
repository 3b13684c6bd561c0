-- Pauses of the farm or of a label.

-- name: pause(label, reason)^
-- The pause of a label's jobs, or of the whole farm where the label is empty.
-- row: Pause
insert into work.pauses (label, reason)
values (:label, :reason)
on conflict (label) do update
set reason = excluded.reason
returning
    label,
    reason,
    paused_by,
    paused_at;

-- name: list(after_label, page_size)
-- A page of the pauses in force.
-- row: Pause
select
    label,
    reason,
    paused_by,
    paused_at
from work.pauses
where label >= coalesce(:after_label::text || chr(1), '')
order by label
limit (select :page_size::bigint);

-- name: resume(label)!
-- How many pauses were ended: one or none; the empty label is the farm.
delete from work.pauses
where label = :label;
