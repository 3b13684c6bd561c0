-- How long what grows by itself is kept. A row a thing; changing one needs no migration.
-- depends: 0122.create-service-status

set local role renderstore_owner;

create table ops.retentions (
    name text not null,
    days integer not null,
    least_days integer not null,
    sentence text not null,
    updated_at timestamptz not null default now(),
    updated_by text not null default identity.current_actor(),

    constraint retentions_pkey primary key (name),
    constraint retentions_name_is_slug_check check (name ~ '^[a-z][a-z0-9_]{0,39}$'),
    constraint retentions_days_are_enough_check
        check (days between least_days and 36500),
    constraint retentions_least_days_are_positive_check check (least_days >= 1),
    constraint retentions_sentence_is_short_check
        check (length(sentence) between 1 and 300)
);

comment on table ops.retentions is
    'One row a thing that grows by itself: for how long it is kept.';
comment on column ops.retentions.name is
    'What is kept, such as service_spans.';
comment on column ops.retentions.days is
    'For how many days; the sweep deletes what is older.';
comment on column ops.retentions.least_days is
    'Fewer days would break what reads it.';
comment on column ops.retentions.sentence is
    'What it is, for people, 1 to 300 characters.';
comment on column ops.retentions.updated_at is
    'When the row last changed.';
comment on column ops.retentions.updated_by is
    'Who changed it last.';
comment on constraint retentions_pkey on ops.retentions is
    'There is already a retention with this name.';
comment on constraint retentions_name_is_slug_check on ops.retentions is
    'A retention''s name has 1 to 40 lower-case letters, digits and underscores and begins with a letter.';
comment on constraint retentions_days_are_enough_check on ops.retentions is
    'A retention has no fewer days than what reads it needs, and at most 36500.';
comment on constraint retentions_least_days_are_positive_check on ops.retentions is
    'A retention is at least one day.';
comment on constraint retentions_sentence_is_short_check on ops.retentions is
    'What is kept is said in 1 to 300 characters.';

create trigger retentions_set_updated_at
before update on ops.retentions
for each row
execute function ops.set_updated_at();
create trigger retentions_set_updated_by
before update on ops.retentions
for each row
execute function ops.set_updated_by();

grant select, update (days) on ops.retentions to renderstore_admin;
grant select on ops.retentions to renderstore_readonly;

insert into ops.retentions (name, days, least_days, sentence)
values (
    'service_spans',
    400,
    30,
    'When services were up and down; uptime is asked for 30 days.'
);

create function ops.clear_service_spans(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
    cleared bigint;
begin
    if not (select h.is_home from ops.here as h) then
        return 0;
    end if;
    with old_spans as materialized (
        select
            old.service_id,
            old.ended_at
        from ops.services as s
        cross join lateral (
            select
                p.service_id,
                p.ended_at
            from ops.service_spans as p
            where p.service_id = s.id
                and p.ended_at < now() - (
                    select r.days * interval '1 day'
                    from ops.retentions as r
                    where r.name = 'service_spans'
                )
            order by p.ended_at
            limit max_rows
            for update skip locked
        ) as old
        limit max_rows
    )

    delete from ops.service_spans as p
    using old_spans
    where p.service_id = old_spans.service_id and p.ended_at = old_spans.ended_at;
    get diagnostics cleared = row_count;
    return cleared;
end
$$;
comment on function ops.clear_service_spans(bigint) is
    'Deletes up to max_rows spans that are older than ops.retentions says, and says how many.';

insert into ops.sweep_parts (position, what, function_name, is_urgent)
values (420, 'old spans of services deleted', 'ops.clear_service_spans', false);
