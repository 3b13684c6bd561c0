-- Somebody may wait for the end of a job. The flag lies in the job's own row: whoever sets it takes the lock that the end takes
-- too, so the end is either seen or announced, and an end that nobody waits for notifies nobody.
-- depends: 0061.wake-workers

set local role renderstore_owner;

alter table work.jobs add column is_watched boolean not null default false;
comment on column work.jobs.is_watched is
    'Whether somebody waits for the job''s end and listens on its work.end_channel.';

grant update (is_watched) on work.jobs to renderstore_app, renderstore_admin;

create function work.end_channel(job_id uuid)
returns text
language sql
immutable
parallel safe
return 'renderstore_end_' || replace(job_id::text, '-', '');
comment on function work.end_channel(uuid) is
    'The channel on which the end of a watched job is announced. Everybody may listen anywhere, so a notification says nothing.';

create function work.announce_end()
returns trigger
language plpgsql
as $$
begin
    perform pg_notify(work.end_channel(old.id), '');
    return null;
end
$$;
comment on function work.announce_end() is
    'Trigger: tells those who wait that a job has ended or is gone.';

create trigger jobs_announce_end
after update of status on work.jobs
for each row
when (new.is_watched and new.completed_at is not null and old.completed_at is null)
execute function work.announce_end();

create trigger jobs_announce_deletion
after delete on work.jobs
for each row
when (old.is_watched)
execute function work.announce_end();

grant execute on function work.end_channel(uuid)
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
