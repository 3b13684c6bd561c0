-- What came from another system: which row of ours was which row there, so that nothing comes twice and the way back is known; and
-- what could not come, whole, with the reason. One import at a time writes both.
-- depends: 0132.tell-history

set local role renderstore_owner;

create table ops.imported (
    kind text not null,
    source text not null,
    old_id text not null,
    table_name text not null,
    row_key text not null,
    changes text[] not null default '{}',
    imported_at timestamptz not null default now(),

    constraint imported_pkey primary key (kind, source, old_id),
    constraint imported_kind_is_slug_check check (kind ~ '^[a-z][a-z0-9-]{0,39}$'),
    constraint imported_source_is_short_check check (length(source) between 1 and 63),
    constraint imported_old_id_is_short_check check (length(old_id) between 1 and 500)
);

comment on table ops.imported is
    'One row a row that came from another system. It stays when ours is deleted, so that it does not come again.';
comment on column ops.imported.kind is
    'The system it came from: render-manager, media-portal, or a name of your own.';
comment on column ops.imported.source is
    'The table there, such as Job.';
comment on column ops.imported.old_id is
    'The row''s id there, as text.';
comment on column ops.imported.table_name is
    'The table here, with its schema.';
comment on column ops.imported.row_key is
    'The row''s key here without its owner, as the audit trail has it.';
comment on column ops.imported.changes is
    'What is not as it was there, a sentence each; empty where nothing.';
comment on column ops.imported.imported_at is
    'When it came.';
comment on constraint imported_pkey on ops.imported is
    'This row of the other system is here already.';
comment on constraint imported_kind_is_slug_check on ops.imported is
    'A system''s name has 1 to 40 lower-case letters, digits and dashes and begins with a letter.';
comment on constraint imported_source_is_short_check on ops.imported is
    'A table''s name has 1 to 63 characters.';
comment on constraint imported_old_id_is_short_check on ops.imported is
    'An old id has 1 to 500 characters.';

-- Serves ops.imported.find_old: the way back from a row of ours.
create index imported_table_name_row_key_idx on ops.imported (table_name, row_key);

create table ops.import_refusals (
    kind text not null,
    source text not null,
    old_id text not null,
    reason text not null,
    old_row jsonb not null,
    refused_at timestamptz not null default now(),

    constraint import_refusals_pkey primary key (kind, source, old_id),
    constraint import_refusals_kind_is_slug_check
        check (kind ~ '^[a-z][a-z0-9-]{0,39}$'),
    constraint import_refusals_source_is_short_check
        check (length(source) between 1 and 63),
    constraint import_refusals_old_id_is_short_check
        check (length(old_id) between 1 and 500)
);

comment on table ops.import_refusals is
    'One row a row of another system that could not come. It goes when a later run of the import takes it, or an administrator deletes it.';
comment on column ops.import_refusals.kind is
    'The system: render-manager, media-portal, or a name of your own.';
comment on column ops.import_refusals.source is
    'The table there, such as Job.';
comment on column ops.import_refusals.old_id is
    'The row''s id there, as text.';
comment on column ops.import_refusals.reason is
    'Why it could not come, as a sentence.';
comment on column ops.import_refusals.old_row is
    'The whole row as it is there; a secret is replaced by its SHA-256.';
comment on column ops.import_refusals.refused_at is
    'When it was refused last.';
comment on constraint import_refusals_pkey on ops.import_refusals is
    'This row of the other system is refused already.';
comment on constraint import_refusals_kind_is_slug_check on ops.import_refusals is
    'A system''s name has 1 to 40 lower-case letters, digits and dashes and begins with a letter.';
comment on constraint import_refusals_source_is_short_check on ops.import_refusals is
    'A table''s name has 1 to 63 characters.';
comment on constraint import_refusals_old_id_is_short_check on ops.import_refusals is
    'An old id has 1 to 500 characters.';

grant select on ops.imported, ops.import_refusals
    to renderstore_admin, renderstore_readonly;
grant delete on ops.import_refusals to renderstore_admin;

create function ops.imported_id(created_at timestamptz, old_id text)
returns uuid
language sql
immutable
parallel safe
return case
    when old_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and created_at is null
        then old_id::uuid
    else (
        lpad(to_hex(floor(extract(epoch from created_at) * 1000)::bigint), 12, '0')
        || '7'
        || substr(md5(old_id), 1, 3)
        || '8'
        || substr(md5(old_id), 4, 15)
    )::uuid
end;
comment on function ops.imported_id(timestamptz, text) is
    'The key of a row that came from another system: a version 7 UUID of its own time and its old id, the same each time. Without a time an old id that is a UUID stays.';

create function ops.imported_user(kind text, old_id text)
returns uuid
language sql
stable
return (
    select i.row_key::uuid
    from ops.imported as i
    where i.kind = imported_user.kind
        and i.source in ('User', 'users')
        and i.old_id = imported_user.old_id
);
comment on function ops.imported_user(text, text) is
    'The user who came from another system with this id; null where none did.';

create function ops.note_import(
    kind text,
    source text,
    old_id text,
    table_name text,
    row_key text,
    changes text[]
)
returns void
language sql
volatile
begin atomic
    insert into ops.imported (kind, source, old_id, table_name, row_key, changes)
    values (kind, source, old_id, table_name, row_key, array_remove(changes, null));
end;
comment on function ops.note_import(text, text, text, text, text, text[]) is
    'Notes what became of a row that came from another system.';

-- What was a secret there stays one: nobody needs it to see why a row could not come.
create function ops.without_secrets(old_row jsonb)
returns jsonb
language sql
immutable
parallel safe
return (
    select
        jsonb_object_agg(
            given.key,
            case
                when jsonb_typeof(given.value) = 'string'
                    and given.key in (
                        'token',
                        'sessionToken',
                        'access_token',
                        'refresh_token',
                        'id_token',
                        'session_state',
                        'password_hash',
                        'plex_token',
                        'api_key'
                    )
                    then jsonb_build_object(
                        'sha256',
                        encode(sha256(textsend(given.value #>> '{}')), 'hex')
                    )
                else given.value
            end
        )
    from jsonb_each(old_row) as given
);
comment on function ops.without_secrets(jsonb) is
    'A row of another system with the SHA-256 of a secret in its place.';

create function ops.refuse_import(
    kind text,
    source text,
    old_row jsonb,
    reason text
)
returns void
language sql
volatile
begin atomic
    insert into ops.import_refusals (kind, source, old_id, reason, old_row)
    values (kind, source, old_row ->> 'id', reason, ops.without_secrets(old_row))
    on conflict on constraint import_refusals_pkey do update
    set
        reason = excluded.reason,
        old_row = excluded.old_row,
        refused_at = excluded.refused_at;
end;
comment on function ops.refuse_import(text, text, jsonb, text) is
    'Keeps a row of another system that cannot come, with the reason.';

create function ops.is_kept_time(value timestamptz)
returns boolean
language sql
immutable
parallel safe
return value >= '1970-01-01 00:00+00' and value < '9999-12-31 00:00+00';
comment on function ops.is_kept_time(timestamptz) is
    'Whether every client can read a time: 1970 to 9999; null for null.';
