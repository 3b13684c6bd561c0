-- What the farm has to offer. A label exists because a worker registered it or an administrator declared it: a tenant's own
-- words would open lines that nobody serves and every claim must pass.
-- depends: 0027.create-job-types

set local role renderstore_owner;

create table work.labels (
    name text not null,
    meaning text,
    declared_by text not null default identity.current_actor(),
    declared_at timestamptz not null default now(),

    constraint labels_pkey primary key (name),
    constraint labels_name_is_short_check
        check (length(name) between 1 and 100 and name !~ '[[:cntrl:]]'),
    constraint labels_meaning_is_short_check check (length(meaning) between 1 and 1000)
);

comment on table work.labels is
    'One row a label that a job may ask for, such as gpu: workers bring theirs, administrators declare others.';
comment on column work.labels.name is
    'The label, 1 to 100 characters.';
comment on column work.labels.meaning is
    'What it stands for, for people, up to 1000 characters; null where nobody said.';
comment on column work.labels.declared_by is
    'Who brought it first: worker:…, admin:…, dba:….';
comment on column work.labels.declared_at is
    'When it was brought.';
comment on constraint labels_pkey on work.labels is
    'There is already a label with this name.';
comment on constraint labels_name_is_short_check on work.labels is
    'A label has 1 to 100 characters and no control characters.';
comment on constraint labels_meaning_is_short_check on work.labels is
    'The meaning of a label has 1 to 1000 characters.';

grant select on work.labels
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
grant insert (name, meaning), update (meaning), delete on work.labels
    to renderstore_admin;

create function work.sorted_labels(labels text[])
returns text[]
language sql
immutable
parallel safe
return array(
    select distinct label
    from unnest(labels) as label
    order by label
);
comment on function work.sorted_labels(text[]) is
    'Labels in order and without doubles, as a lane compares them.';

create function work.check_labels(labels text[])
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    strange text;
begin
    select l.name into strange
    from unnest(labels) as l (name)
    where not exists (
        select
        from work.labels as known
        where known.name = l.name
    )
    limit 1;
    if found then
        raise exception using
            errcode = 'RS011',
            message = format(
                'No worker of this farm has offered the label %s. There are: %s.',
                left(strange, 100),
                coalesce(
                    (
                        select string_agg(known.name, ', ' order by known.name)
                        from (
                            select name
                            from work.labels
                            order by name
                            limit 20
                        ) as known
                    ),
                    'none'
                )
            );
    end if;
end
$$;
comment on function work.check_labels(text[]) is
    'Refuses labels that no worker registered and nobody declared.';
