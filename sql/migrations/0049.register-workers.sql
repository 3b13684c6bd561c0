-- A worker says what it takes and offers, before it claims. Its labels become the farm's; its lanes are looked up once, here.
-- depends: 0048.create-error-classes

set local role renderstore_owner;

-- Security definer: a worker writes no lanes and no labels, save by this.
create function work.register(
    kinds work.job_kind[],
    labels text[] default '{}',
    version text default null
)
returns work.workers
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    me constant text := work.acting_worker();
    offered constant text[] := work.sorted_labels(labels);
    registered work.workers;
begin
    insert into work.workers as w (name, kinds, labels, version)
    values (me, kinds, offered, version)
    on conflict on constraint workers_pkey do update
    set
        kinds = excluded.kinds,
        labels = excluded.labels,
        version = excluded.version,
        registered_at = now(),
        seen_at = now(),
        stopped_at = null
    returning w.* into registered;
    insert into work.labels (name)
    select l.name
    from unnest(offered) as l (name)
    order by l.name
    on conflict do nothing;

    delete from work.worker_lanes as m
    using work.lanes as l
    where m.worker = me
        and l.id = m.lane_id
        and not (l.kind = any(kinds) and l.labels <@ offered);
    insert into work.worker_lanes (worker, lane_id)
    select me, l.id
    from work.lanes as l
    where l.kind = any(kinds) and l.labels <@ offered and not l.is_closing
    order by l.id
    on conflict do nothing;
    return registered;
end
$$;
comment on function work.register(work.job_kind[], text[], text) is
    'Registers the acting worker, or anew: the kinds that it takes, the labels that it offers, its version.';

grant execute on function work.register(work.job_kind[], text[], text)
    to renderstore_worker;
