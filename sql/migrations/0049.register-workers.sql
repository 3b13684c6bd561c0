-- A worker says what it takes and offers, before it claims. Its labels become the farm's; its lanes are looked up once, here. A
-- name is one worker's: who registers under it takes it over, and what was held under it is lost to its holder, as after a crash.
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
    is_known constant boolean := exists (
        select
        from work.workers as w
        where w.name = me
    );
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

    -- Whoever held jobs under this name is dead, or is refused from here on. A deleted registration that is made again keeps them.
    if is_known then
        update work.jobs as j
        set lease_expires_at = now() - interval '1 second'
        from (
            select
                k.user_id,
                k.id
            from work.jobs as k
            where k.status in ('running', 'validating') and k.held_by = me
            for no key update skip locked
        ) as elder
        where j.user_id = elder.user_id and j.id = elder.id;
        if found then
            perform work.expire_leases(10000);
        end if;
    end if;
    return registered;
end
$$;
comment on function work.register(work.job_kind[], text[], text) is
    'Registers the acting worker, or anew: the kinds that it takes, the labels that it offers, its version. What was held under its name is lost to whoever held it.';

grant execute on function work.register(work.job_kind[], text[], text)
    to renderstore_worker;
