-- Jobs are too hot for a trigger, and work.history has their lives. What people ask of them stands in the trail too: there it outlives
-- the job.
-- depends: 0130.watch-tables

set local role renderstore_owner;

create or replace function work.note_asked(
    job work.jobs,
    asked text,
    before jsonb,
    after jsonb
)
returns void
language sql
volatile
begin atomic
    insert into audit.entries (
        user_id,
        table_name,
        row_key,
        operation,
        changed,
        before,
        after
    )
    values (
        job.user_id,
        'work.jobs',
        job.id::text,
        asked::audit.operation,
        array(
            select c.name
            from jsonb_object_keys(before) as c (name)
        ),
        before,
        after
    );
end;
