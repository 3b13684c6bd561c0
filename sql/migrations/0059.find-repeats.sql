-- A repeat of a submission finds the job that is there, also when the first one committed a moment ago.
-- depends: 0058.clear-ended-jobs

set local role renderstore_owner;

-- Volatile, and so with a snapshot of its own: the statement that waited for the other one's commit has an older one.
create function work.find_submitted(idempotency_key text)
returns table (user_id uuid, id uuid, queued_at timestamptz)
language sql
volatile
begin atomic
    select
        j.user_id,
        j.id,
        j.queued_at
    from work.jobs as j
    where j.user_id = identity.current_user_id()
        and j.idempotency_key = find_submitted.idempotency_key;
end;
comment on function work.find_submitted(text) is
    'The acting user''s job with this idempotency key, as it is at this moment.';

grant execute on function work.find_submitted(text) to renderstore_app;
