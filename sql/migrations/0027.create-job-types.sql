-- How a job lives: its kinds, its statuses and which may follow which. The rule is a CASE, which costs a fifth less than
-- a look-up; the table says the same for people, and a test holds them equal.
-- depends: 0026.create-bounds

set local role renderstore_owner;

create type work.job_kind as enum ('render', 'download', 'step');
comment on type work.job_kind is
    'What a job does: render, download (media), step (of a video: studio). What a kind needs to know stands in its own room under the job''s key.';

create type work.job_status as enum (
    'pending',
    'validating',
    'queued',
    'running',
    'completed',
    'failed',
    'cancelled'
);
comment on type work.job_status is
    'Where a job stands: pending (waits for a time, a back-off or other jobs), validating (a worker looks at it first), queued (can be claimed), running (a render job''s own word is rendering, a download''s downloading), completed, failed (no try is left), cancelled.';

create table work.transitions (
    before work.job_status not null,
    after work.job_status not null,
    reason text not null,

    constraint transitions_pkey primary key (before, after),
    constraint transitions_reason_is_short_check
        check (length(reason) between 1 and 200)
);

comment on table work.transitions is
    'One row a permitted change of a job''s status; what is not here is refused. work.may_become holds the same rule.';
comment on column work.transitions.before is
    'The status that is left.';
comment on column work.transitions.after is
    'The status that follows.';
comment on column work.transitions.reason is
    'When this happens, for people.';
comment on constraint transitions_pkey on work.transitions is
    'This transition is already permitted.';
comment on constraint transitions_reason_is_short_check on work.transitions is
    'The reason of a transition has 1 to 200 characters.';

insert into work.transitions (before, after, reason)
values
    ('pending', 'validating', 'a worker looks at it first'),
    ('pending', 'queued', 'nothing is left to wait for'),
    ('pending', 'failed', 'it can never start'),
    (
        'pending',
        'cancelled',
        'somebody asked, its time was over, or a job it needs did not complete'
    ),
    ('validating', 'pending', 'valid, but something must be waited for'),
    ('validating', 'queued', 'valid'),
    ('validating', 'failed', 'not valid'),
    ('validating', 'cancelled', 'somebody asked, or its time was over'),
    ('queued', 'pending', 'something must be waited for after all'),
    ('queued', 'running', 'a worker claimed it'),
    ('queued', 'failed', 'it can never start'),
    (
        'queued',
        'cancelled',
        'somebody asked, its time was over, or a job it needs did not complete'
    ),
    ('running', 'pending', 'it failed and is tried again later'),
    ('running', 'queued', 'its lease was lost'),
    ('running', 'completed', 'its worker finished it'),
    ('running', 'failed', 'it failed and no try is left'),
    (
        'running',
        'cancelled',
        'its worker stopped it, or fell silent, after somebody asked'
    ),
    (
        'failed',
        'pending',
        'somebody asked for it again, and something must be waited for'
    ),
    ('failed', 'queued', 'somebody asked for it again'),
    (
        'cancelled',
        'pending',
        'somebody asked for it again, and something must be waited for'
    ),
    ('cancelled', 'queued', 'somebody asked for it again'),
    (
        'completed',
        'pending',
        'some files of a download are asked for again, and something must be waited for'
    ),
    (
        'completed',
        'queued',
        'some files of a download are asked for again'
    );

grant select on work.transitions
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

create function work.may_become(before work.job_status, after work.job_status)
returns boolean
language sql
immutable
parallel safe
return case before
    when 'queued' then after in ('pending', 'running', 'failed', 'cancelled')
    when 'running'
        then after in ('pending', 'queued', 'completed', 'failed', 'cancelled')
    when 'pending' then after in ('validating', 'queued', 'failed', 'cancelled')
    when 'validating' then after in ('pending', 'queued', 'failed', 'cancelled')
    when 'failed' then after in ('pending', 'queued')
    when 'cancelled' then after in ('pending', 'queued')
    when 'completed' then after in ('pending', 'queued')
    else false
end;
comment on function work.may_become(work.job_status, work.job_status) is
    'Whether a job in the first status may become the second.';

grant execute on function work.may_become(work.job_status, work.job_status)
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
