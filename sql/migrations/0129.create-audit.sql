-- Who did what to which row. Whoever changes an audited table writes it by that table's trigger; nobody writes it by hand, nobody
-- changes it, and it goes when its retention has ended. No foreign key: it outlives the user, and holds nothing of theirs.
-- depends: 0128.measure-health

set local role renderstore_owner;

create type audit.operation as enum (
    'insert',
    'update',
    'delete',
    'cancel',
    'try_again',
    'set_priority'
);
comment on type audit.operation is
    'What was done to a row: what its table''s statement is called, or what was asked of a job.';

create table audit.entries (
    user_id uuid not null,
    id bigint generated always as identity,
    happened_at timestamptz not null default now(),
    transaction_id xid8 not null default pg_current_xact_id(),
    actor text not null default identity.current_actor(),
    bound_user_id uuid default identity.current_user_id(),
    login text not null default session_user,
    table_name text not null,
    row_key text not null,
    operation audit.operation not null,
    changed text[] not null default '{}',
    before jsonb,
    after jsonb,

    constraint entries_pkey primary key (user_id, id)
);

comment on table audit.entries is
    'One row a change of a row that people own or decide on. Append-only, for its owner too.';
comment on column audit.entries.user_id is
    'Whose row it was; the nil UUID for a row of nobody''s, such as a plan.';
comment on column audit.entries.id is
    'The position: later entries have higher ones.';
comment on column audit.entries.happened_at is
    'When the transaction began that did it.';
comment on column audit.entries.transaction_id is
    'The transaction; what it did together stands together.';
comment on column audit.entries.actor is
    'Who did it: user:…, worker:…, token:…, admin:…, dba:… or login:…, or sweep where time did.';
comment on column audit.entries.bound_user_id is
    'The user who was bound; null where none was.';
comment on column audit.entries.login is
    'The login that was connected.';
comment on column audit.entries.table_name is
    'The table, with its schema.';
comment on column audit.entries.row_key is
    'The row''s key without its owner; of several columns with a slash between.';
comment on column audit.entries.operation is
    'What was done.';
comment on column audit.entries.changed is
    'The columns whose value changed, or was there at the insert or the delete; audit.columns says whose values are kept.';
comment on column audit.entries.before is
    'Kept columns as they were; null where there was no row.';
comment on column audit.entries.after is
    'Kept columns as they became; null where there is no row any more.';
comment on constraint entries_pkey on audit.entries is
    'There is already an entry with this number.';

-- Serves audit.entries.list_by_row.
create index entries_table_name_row_key_id_idx
    on audit.entries (table_name, row_key, id);
-- Serves audit.entries.list_by_actor.
create index entries_actor_id_idx on audit.entries (actor, id);
-- Serves audit.entries.list_by_time and audit.clear_entries.
create index entries_happened_at_id_idx on audit.entries (happened_at, id);

alter table audit.entries enable row level security;
alter table audit.entries force row level security;

create policy entries_owner on audit.entries
    to renderstore_owner
    using (true)
    with check (true);
create policy entries_own on audit.entries
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy entries_read on audit.entries
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on audit.entries
    to renderstore_app, renderstore_admin, renderstore_readonly;

insert into ops.retentions (name, days, least_days, sentence)
values (
    'audit_entries',
    730,
    90,
    'Who did what to which row.'
);

create function audit.keep_entries()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'DELETE' then
        perform
        from gone
        where gone.happened_at >= now() - (
            select r.days * interval '1 day'
            from ops.retentions as r
            where r.name = 'audit_entries'
        );
        if not found then
            return null;
        end if;
    end if;
    raise exception using
        errcode = '42501',
        message = 'The audit trail is append-only; an entry goes when its retention has ended.';
end
$$;
comment on function audit.keep_entries() is
    'Trigger: an entry never changes, and is deletable only when ops.retentions no longer keeps it.';

create trigger entries_keep
before update or truncate on audit.entries
for each statement
execute function audit.keep_entries();
create trigger entries_keep_young
after delete on audit.entries
referencing old table as gone
for each statement
execute function audit.keep_entries();

create function audit.clear_entries(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    cleared bigint;
begin
    with old_entries as materialized (
        select
            e.user_id,
            e.id
        from audit.entries as e
        where e.happened_at < now() - (
            select r.days * interval '1 day'
            from ops.retentions as r
            where r.name = 'audit_entries'
        )
        order by e.happened_at, e.id
        limit max_rows
        for update skip locked
    )

    delete from audit.entries as e
    using old_entries
    where e.user_id = old_entries.user_id and e.id = old_entries.id;
    get diagnostics cleared = row_count;
    return cleared;
end
$$;
comment on function audit.clear_entries(bigint) is
    'Deletes up to max_rows entries that are older than ops.retentions says, the oldest first, and says how many.';

insert into ops.sweep_parts (position, what, function_name, is_urgent)
values (440, 'old audit entries deleted', 'audit.clear_entries', false);
