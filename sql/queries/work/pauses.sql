-- Pauses of the farm or of a label.

-- name: pause(label, reason)^
-- The pause of a label's jobs, or of the whole farm where the label is empty.
-- row: Pause
-- null: reason? label! paused_by! paused_at!
select
    label,
    reason,
    paused_by,
    paused_at
from work.pause(:label, :reason);

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

-- name: resume(label)$
-- How many pauses were ended: one or none; the empty label is the farm.
-- null: pauses!
select work.resume(:label) as pauses;

-- name: pause_user(user_id, reason)$
-- Hands out none of a user's jobs from now on, running ones go on; how many left the line.
-- null: reason? jobs!
select work.pause_user(:user_id, :reason) as jobs;

-- name: resume_user(user_id)$
-- Hands out a user's jobs again; how many entered the line.
-- null: jobs!
select work.resume_user(:user_id) as jobs;
