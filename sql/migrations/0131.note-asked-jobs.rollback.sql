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
    select;
end;
