-- How projects, scenes and assets live: their statuses and which may follow which. The rule is a CASE; the table says the same for
-- people, and a test holds them equal.
-- depends: 0071.create-studio-usages

set local role renderstore_owner;

create type studio.project_status as enum (
    'draft',
    'generating',
    'completed',
    'failed',
    'archived'
);
comment on type studio.project_status is
    'Where a project stands: draft (somebody writes), generating, completed, failed, archived (put away).';

create type studio.scene_status as enum (
    'pending',
    'generating',
    'completed',
    'failed'
);
comment on type studio.scene_status is
    'Where a scene stands: pending (nothing was made of it yet), generating, completed, failed.';

create type studio.asset_state as enum (
    'reserved',
    'kept',
    'abandoned',
    'expired',
    'deleted',
    'removing',
    'gone'
);
comment on type studio.asset_state is
    'Where an asset stands: reserved (its file is on its way), kept, abandoned (no file came), expired, deleted (both can be restored while the file is there), removing (the janitor has it), gone.';

create table studio.transitions (
    subject text not null,
    before text not null,
    after text not null,
    reason text not null,

    constraint transitions_pkey primary key (subject, before, after),
    constraint transitions_subject_is_known_check
        check (subject in ('project', 'scene', 'asset')),
    constraint transitions_before_is_short_check
        check (length(before) between 1 and 63),
    constraint transitions_after_is_short_check check (length(after) between 1 and 63),
    constraint transitions_reason_is_short_check
        check (length(reason) between 1 and 200)
);

comment on table studio.transitions is
    'One row a permitted change of a project, scene or asset; what is not here is refused. studio.may_become holds the same rule.';
comment on column studio.transitions.subject is
    'What changes: project, scene or asset.';
comment on column studio.transitions.before is
    'The status that is left.';
comment on column studio.transitions.after is
    'The status that follows.';
comment on column studio.transitions.reason is
    'When this happens, for people, 1 to 200 characters.';
comment on constraint transitions_pkey on studio.transitions is
    'This transition is already permitted.';
comment on constraint transitions_subject_is_known_check on studio.transitions is
    'A transition is one of a project, a scene or an asset.';
comment on constraint transitions_before_is_short_check on studio.transitions is
    'A status has 1 to 63 characters.';
comment on constraint transitions_after_is_short_check on studio.transitions is
    'A status has 1 to 63 characters.';
comment on constraint transitions_reason_is_short_check on studio.transitions is
    'The reason of a transition has 1 to 200 characters.';

insert into studio.transitions (subject, before, after, reason)
values
    ('project', 'draft', 'generating', 'its scenes are being made'),
    ('project', 'draft', 'archived', 'somebody put it away'),
    ('project', 'generating', 'completed', 'all was made'),
    ('project', 'generating', 'failed', 'something could not be made'),
    ('project', 'generating', 'draft', 'somebody stopped it'),
    ('project', 'generating', 'archived', 'somebody put it away'),
    ('project', 'completed', 'draft', 'somebody goes on writing'),
    ('project', 'completed', 'generating', 'something is made anew'),
    ('project', 'completed', 'archived', 'somebody put it away'),
    ('project', 'failed', 'draft', 'somebody goes on writing'),
    ('project', 'failed', 'generating', 'it is tried again'),
    ('project', 'failed', 'archived', 'somebody put it away'),
    ('project', 'archived', 'draft', 'somebody took it up again'),
    ('scene', 'pending', 'generating', 'its image, voice or video is being made'),
    ('scene', 'generating', 'completed', 'all was made'),
    ('scene', 'generating', 'failed', 'something could not be made'),
    ('scene', 'generating', 'pending', 'somebody stopped it'),
    ('scene', 'completed', 'pending', 'its text changed'),
    ('scene', 'completed', 'generating', 'something is made anew'),
    ('scene', 'failed', 'pending', 'it is to be tried again'),
    ('scene', 'failed', 'generating', 'it is tried again'),
    ('asset', 'reserved', 'kept', 'its file is there'),
    ('asset', 'reserved', 'abandoned', 'no file came, or somebody gave up'),
    ('asset', 'kept', 'expired', 'its time was over, and nothing uses it'),
    ('asset', 'kept', 'deleted', 'somebody deleted it, or its project was purged'),
    ('asset', 'expired', 'kept', 'somebody restored it while its file is there'),
    ('asset', 'expired', 'removing', 'the janitor took its file'),
    ('asset', 'expired', 'deleted', 'its project was purged'),
    ('asset', 'deleted', 'kept', 'somebody restored it while its file is there'),
    ('asset', 'deleted', 'removing', 'the janitor took its file'),
    (
        'asset',
        'abandoned',
        'removing',
        'the janitor took what may have come of its file'
    ),
    ('asset', 'removing', 'gone', 'its file is removed');

grant select on studio.transitions
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

create function studio.may_become(
    before studio.project_status,
    after studio.project_status
)
returns boolean
language sql
immutable
parallel safe
return case before
    when 'draft' then after in ('generating', 'archived')
    when 'generating' then after in ('completed', 'failed', 'draft', 'archived')
    when 'completed' then after in ('draft', 'generating', 'archived')
    when 'failed' then after in ('draft', 'generating', 'archived')
    when 'archived' then after in ('draft')
    else false
end;
comment on function studio.may_become(studio.project_status, studio.project_status) is
    'Whether a project in the first may become the second.';

create function studio.may_become(
    before studio.scene_status,
    after studio.scene_status
)
returns boolean
language sql
immutable
parallel safe
return case before
    when 'pending' then after in ('generating')
    when 'generating' then after in ('completed', 'failed', 'pending')
    when 'completed' then after in ('pending', 'generating')
    when 'failed' then after in ('pending', 'generating')
    else false
end;
comment on function studio.may_become(studio.scene_status, studio.scene_status) is
    'Whether a scene in the first may become the second.';

create function studio.may_become(
    before studio.asset_state,
    after studio.asset_state
)
returns boolean
language sql
immutable
parallel safe
return case before
    when 'reserved' then after in ('kept', 'abandoned')
    when 'kept' then after in ('expired', 'deleted')
    when 'expired' then after in ('kept', 'removing', 'deleted')
    when 'deleted' then after in ('kept', 'removing')
    when 'abandoned' then after in ('removing')
    when 'removing' then after in ('gone')
    else false
end;
comment on function studio.may_become(studio.asset_state, studio.asset_state) is
    'Whether an asset in the first may become the second.';

grant execute on function
    studio.may_become(studio.project_status, studio.project_status),
    studio.may_become(studio.scene_status, studio.scene_status),
    studio.may_become(studio.asset_state, studio.asset_state)
to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
