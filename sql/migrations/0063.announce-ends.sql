-- Somebody may wait for the end of a job. The flag lies in the job's own row: whoever sets it takes the lock that the end takes
-- too, so the end is either seen or announced, and an end that nobody waits for notifies nobody.
-- depends: 0062.wake-workers

set local role renderstore_owner;

create function work.end_channel(job_id uuid)
returns text
language sql
immutable
parallel safe
return 'renderstore_end_' || replace(job_id::text, '-', '');
comment on function work.end_channel(uuid) is
    'The channel on which the end of a watched job is announced. Everybody may listen anywhere, so a notification says nothing.';

create function work.announce_deletion()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_notify(work.end_channel(old.id), '');
    return null;
end
$$;
comment on function work.announce_deletion() is
    'Trigger: tells those who wait for a job''s end that it is gone; work.follow_jobs tells them of an end.';

create trigger jobs_announce_deletion
after delete on work.jobs
for each row
when (old.is_watched)
execute function work.announce_deletion();

grant execute on function work.end_channel(uuid)
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
