-- How requests and the files of a download live: their statuses and which may follow which. The rule is a CASE; the table says the same
-- for people, and a test holds them equal.
-- depends: 0104.create-media-usages

set local role renderstore_owner;

create type media.media_type as enum ('movie', 'tv');
comment on type media.media_type is
    'What is asked for: movie, tv (a show, or a season of it). An id at TMDB is unique within one of them.';

create type media.request_status as enum (
    'pending',
    'approved',
    'processing',
    'available',
    'failed',
    'declined',
    'cancelled',
    'removed'
);
comment on type media.request_status is
    'Where a request stands: pending (nobody has decided), approved, processing (it is being fetched), available, failed, declined, cancelled (by who asked), removed (it was there and is no more).';

create type media.file_state as enum (
    'found',
    'downloading',
    'kept',
    'failed',
    'skipped',
    'removed'
);
comment on type media.file_state is
    'Where a file of a download stands: found (in the playlist), downloading, kept, failed, skipped (not wanted), removed (on purpose; it is not fetched again).';

create table media.transitions (
    subject text not null,
    before text not null,
    after text not null,
    reason text not null,

    constraint transitions_pkey primary key (subject, before, after),
    constraint transitions_subject_is_known_check
        check (subject in ('request', 'file')),
    constraint transitions_before_is_short_check
        check (length(before) between 1 and 63),
    constraint transitions_after_is_short_check check (length(after) between 1 and 63),
    constraint transitions_reason_is_short_check
        check (length(reason) between 1 and 200)
);

comment on table media.transitions is
    'One row a permitted change of a request or a file; what is not here is refused. media.may_become holds the same rule.';
comment on column media.transitions.subject is
    'What changes: request or file.';
comment on column media.transitions.before is
    'The status that is left.';
comment on column media.transitions.after is
    'The status that follows.';
comment on column media.transitions.reason is
    'When this happens, for people, 1 to 200 characters.';
comment on constraint transitions_pkey on media.transitions is
    'This transition is already permitted.';
comment on constraint transitions_subject_is_known_check on media.transitions is
    'A transition is one of a request or a file.';
comment on constraint transitions_before_is_short_check on media.transitions is
    'A status has 1 to 63 characters.';
comment on constraint transitions_after_is_short_check on media.transitions is
    'A status has 1 to 63 characters.';
comment on constraint transitions_reason_is_short_check on media.transitions is
    'The reason of a transition has 1 to 200 characters.';

insert into media.transitions (subject, before, after, reason)
values
    ('request', 'pending', 'approved', 'an administrator agreed'),
    ('request', 'pending', 'declined', 'an administrator refused'),
    ('request', 'pending', 'cancelled', 'who asked needs it no more'),
    ('request', 'approved', 'processing', 'it is being fetched'),
    ('request', 'approved', 'available', 'it is there'),
    ('request', 'approved', 'cancelled', 'who asked needs it no more'),
    ('request', 'processing', 'available', 'it is there'),
    ('request', 'processing', 'failed', 'it could not be fetched'),
    ('request', 'processing', 'cancelled', 'who asked needs it no more'),
    ('request', 'failed', 'approved', 'an administrator has it tried again'),
    ('request', 'available', 'removed', 'it was taken away again'),
    ('file', 'found', 'downloading', 'its download began'),
    ('file', 'found', 'kept', 'it is there'),
    ('file', 'found', 'failed', 'it could not be fetched'),
    ('file', 'found', 'skipped', 'it is not wanted'),
    ('file', 'downloading', 'found', 'its worker fell silent, and another begins anew'),
    ('file', 'downloading', 'kept', 'it is there'),
    ('file', 'downloading', 'failed', 'it could not be fetched'),
    ('file', 'downloading', 'skipped', 'it is not wanted after all'),
    ('file', 'failed', 'found', 'somebody asked for it again'),
    ('file', 'failed', 'downloading', 'its worker tries once more'),
    ('file', 'failed', 'kept', 'its worker tried once more'),
    ('file', 'kept', 'removed', 'somebody removed it'),
    ('file', 'kept', 'failed', 'it is gone from disk');

grant select on media.transitions
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

create function media.may_become(
    before media.request_status,
    after media.request_status
)
returns boolean
language sql
immutable
parallel safe
return case before
    when 'pending' then after in ('approved', 'declined', 'cancelled')
    when 'approved' then after in ('processing', 'available', 'cancelled')
    when 'processing' then after in ('available', 'failed', 'cancelled')
    when 'failed' then after in ('approved')
    when 'available' then after in ('removed')
    else false
end;
comment on function media.may_become(media.request_status, media.request_status) is
    'Whether a request in the first may become the second.';

create function media.may_become(before media.file_state, after media.file_state)
returns boolean
language sql
immutable
parallel safe
return case before
    when 'found' then after in ('downloading', 'kept', 'failed', 'skipped')
    when 'downloading' then after in ('found', 'kept', 'failed', 'skipped')
    when 'failed' then after in ('found', 'downloading', 'kept')
    when 'kept' then after in ('removed', 'failed')
    else false
end;
comment on function media.may_become(media.file_state, media.file_state) is
    'Whether a file in the first may become the second.';

grant execute on function
    media.may_become(media.request_status, media.request_status),
    media.may_become(media.file_state, media.file_state)
to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
