-- Files that must be removed. A row outlives whatever named the file, its user too: no foreign key, so that erasing somebody removes
-- the files. Claiming postpones a row; a janitor that dies loses nothing.
-- depends: 0076.order-scenes

set local role renderstore_owner;

create function ops.is_owners_uri(owner uuid, uri text)
returns boolean
language sql
immutable
parallel safe
return starts_with(uri, owner::text || '/')
and length(uri) between 38 and 1000
and uri !~ '(^|/)[.]{0,2}(/|$)'
and uri !~ '[\u0001-\u001f\u007f\\]';
comment on function ops.is_owners_uri(uuid, text) is
    'Whether a file of this name lies in its owner''s folder, and below it: it begins with the owner''s id, does not climb, and has no control characters and no backslash.';

grant execute on function ops.is_owners_uri(uuid, text)
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

create table ops.removals (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    uri text not null,
    size_bytes bigint not null default 0,
    reason text not null,
    tries bigint not null default 0,
    due_at timestamptz not null default now(),
    last_error text,
    created_at timestamptz not null default now(),

    constraint removals_pkey primary key (user_id, id),
    constraint removals_user_id_uri_key unique (user_id, uri),
    constraint removals_uri_is_the_owners_check
        check (ops.is_owners_uri(user_id, uri)),
    constraint removals_size_bytes_is_not_negative_check check (size_bytes >= 0),
    constraint removals_reason_is_known_check
        check (reason in ('abandoned', 'expired', 'deleted', 'erased', 'stray')),
    constraint removals_tries_is_not_negative_check check (tries >= 0),
    constraint removals_last_error_is_short_check check (length(last_error) <= 1000)
);

comment on table ops.removals is
    'One row a file that is to be removed. It goes when the removal is confirmed.';
comment on column ops.removals.user_id is
    'The user who owned the file, who may be erased by now.';
comment on column ops.removals.id is
    'The row''s identifier, made by the database.';
comment on column ops.removals.uri is
    'Where the file lies, under the user''s own prefix.';
comment on column ops.removals.size_bytes is
    'The file''s size in bytes, as it was kept; 0 where it is not known.';
comment on column ops.removals.reason is
    'Why: abandoned, expired, deleted, erased or stray (found on disk without a row).';
comment on column ops.removals.tries is
    'How often a janitor took it; from the first time on the file cannot be kept again.';
comment on column ops.removals.due_at is
    'From when a janitor may take it: a time to restore, a lease, or a back-off.';
comment on column ops.removals.last_error is
    'What the last try said, up to 1000 characters; null without a failure.';
comment on column ops.removals.created_at is
    'When the row was made.';
comment on constraint removals_pkey on ops.removals is
    'There is already a removal with this id.';
comment on constraint removals_user_id_uri_key on ops.removals is
    'This file is already to be removed.';
comment on constraint removals_uri_is_the_owners_check on ops.removals is
    'A file''s URI begins with its owner''s id and a slash, does not climb, and has at most 1000 characters, none of them a control character or a backslash.';
comment on constraint removals_size_bytes_is_not_negative_check on ops.removals is
    'A file''s size is 0 bytes or more.';
comment on constraint removals_reason_is_known_check on ops.removals is
    'A removal''s reason is abandoned, expired, deleted, erased or stray.';
comment on constraint removals_tries_is_not_negative_check on ops.removals is
    'The count of tries is 0 or more.';
comment on constraint removals_last_error_is_short_check on ops.removals is
    'What a failed removal said has at most 1000 characters.';

-- Serves ops.removals.claim.
create index removals_due_at_idx on ops.removals (due_at);

alter table ops.removals enable row level security;
alter table ops.removals force row level security;

create policy removals_owner on ops.removals
    to renderstore_owner
    using (true)
    with check (true);
create policy removals_read on ops.removals
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on ops.removals to renderstore_admin, renderstore_readonly;

-- Rooms that keep files without an asset replace it.
create function ops.is_file_kept(owner uuid, uri text)
returns boolean
language sql
stable
return false;
comment on function ops.is_file_kept(uuid, text) is
    'Whether something else than an asset keeps a file.';
