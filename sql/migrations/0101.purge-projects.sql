-- What time does to deleted projects: one that cannot be restored any more is purged, a batch at a time. What a tenant has locked is
-- passed over. Its assets are deleted, so that the janitor removes their files, but for those that something else uses.
-- depends: 0100.make-assets-for-jobs

set local role renderstore_owner;

create function studio.purge_projects(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    project studio.projects;
    asset studio.assets;
    done bigint := 0;
    taken_rows bigint;
begin
    if not work.take_duty('sweep the studio') then
        return 0;
    end if;
    for project in
        select p.*
        from studio.projects as p
        where p.purge_at <= now()
        order by p.purge_at
        limit max_rows
        for update skip locked
    loop
        continue when done >= max_rows;
        -- Its steps stay, and so does what they cost, as long as their jobs. Left to the foreign keys, one statement would change them all,
        -- and wait for the worker that reports on one.
        with taken as (
            select c.user_id, c.job_id
            from studio.step_specs as c
            where c.user_id = project.user_id and c.project_id = project.id
            limit max_rows - done
            for no key update skip locked
        )

        update studio.step_specs as c
        set
            project_id = null,
            scene_id = null
        from taken
        where c.user_id = taken.user_id and c.job_id = taken.job_id;
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
        continue when done >= max_rows;
        with taken as (
            select c.user_id, c.job_id
            from studio.step_costs as c
            where c.user_id = project.user_id and c.project_id = project.id
            limit max_rows - done
            for no key update skip locked
        )

        update studio.step_costs as c
        set
            project_id = null,
            scene_id = null
        from taken
        where c.user_id = taken.user_id and c.job_id = taken.job_id;
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
        continue when done >= max_rows
            or exists (
                select
                from studio.step_specs as c
                where c.user_id = project.user_id and c.project_id = project.id
            )
            or exists (
                select
                from studio.step_costs as c
                where c.user_id = project.user_id and c.project_id = project.id
            );
        -- A job keeps its link until the sweep has ended it, or asked its worker to stop, for which that has a day.
        with taken as (
            select c.user_id, c.job_id
            from studio.project_jobs as c
            where c.user_id = project.user_id
                and c.project_id = project.id
                and (
                    project.deleted_at <= now() - interval '1 day'
                    or not exists (
                        select
                        from work.jobs as j
                        where j.user_id = c.user_id
                            and j.id = c.job_id
                            and j.completed_at is null
                            and j.cancel_requested_at is null
                    )
                )
            limit max_rows - done
            for update skip locked
        )

        delete from studio.project_jobs as c
        using taken
        where c.user_id = taken.user_id and c.job_id = taken.job_id;
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
        continue when done >= max_rows;
        with taken as (
            select c.user_id, c.id
            from studio.scenes as c
            where c.user_id = project.user_id and c.project_id = project.id
            limit max_rows - done
            for update skip locked
        )

        delete from studio.scenes as c
        using taken
        where c.user_id = taken.user_id and c.id = taken.id;
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
        continue when done >= max_rows;
        with taken as (
            select c.user_id, c.id
            from studio.tags as c
            where c.user_id = project.user_id and c.project_id = project.id
            limit max_rows - done
            for update skip locked
        )

        delete from studio.tags as c
        using taken
        where c.user_id = taken.user_id and c.id = taken.id;
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
        continue when done >= max_rows;
        with taken as (
            select c.user_id, c.id
            from studio.frames as c
            where c.user_id = project.user_id and c.project_id = project.id
            limit max_rows - done
            for update skip locked
        )

        delete from studio.frames as c
        using taken
        where c.user_id = taken.user_id and c.id = taken.id;
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
        continue when done >= max_rows;
        with taken as (
            select c.user_id, c.id
            from studio.animations as c
            where c.user_id = project.user_id and c.project_id = project.id
            limit max_rows - done
            for update skip locked
        )

        delete from studio.animations as c
        using taken
        where c.user_id = taken.user_id and c.id = taken.id;
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
        continue when done >= max_rows;
        with taken as (
            select c.user_id, c.id
            from studio.characters as c
            where c.user_id = project.user_id and c.project_id = project.id
            limit max_rows - done
            for update skip locked
        )

        delete from studio.characters as c
        using taken
        where c.user_id = taken.user_id and c.id = taken.id;
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
        continue when done >= max_rows;
        -- An asset outlives its project: its file is there until the janitor has removed it.
        for asset in
            select a.*
            from studio.assets as a
            where a.user_id = project.user_id and a.project_id = project.id
            limit max_rows - done
            for no key update skip locked
        loop
            continue when asset.state = 'reserved'
                and not studio.hold_farms_use(asset.user_id);
            done := done + 1;
            update studio.assets as a
            set project_id = null
            where a.user_id = asset.user_id and a.id = asset.id;
            if asset.state = 'reserved' then
                perform studio.end_asset(asset, 'abandoned', now());
                perform studio.note_farms_use(asset.user_id, 0, -asset.size_bytes);
            elsif asset.state in ('kept', 'expired', 'deleted')
                and not studio.is_asset_used(asset.user_id, asset.id)
            then
                perform studio.end_asset(asset, 'deleted', now());
            end if;
        end loop;
        continue when done >= max_rows;
        delete from studio.projects as p
        where p.user_id = project.user_id
            and p.id = project.id
            and not exists (
                select
                from studio.project_jobs as c
                where c.user_id = p.user_id and c.project_id = p.id
            )
            and not exists (
                select
                from studio.scenes as c
                where c.user_id = p.user_id and c.project_id = p.id
            )
            and not exists (
                select
                from studio.tags as c
                where c.user_id = p.user_id and c.project_id = p.id
            )
            and not exists (
                select
                from studio.frames as c
                where c.user_id = p.user_id and c.project_id = p.id
            )
            and not exists (
                select
                from studio.animations as c
                where c.user_id = p.user_id and c.project_id = p.id
            )
            and not exists (
                select
                from studio.characters as c
                where c.user_id = p.user_id and c.project_id = p.id
            )
            and not exists (
                select
                from studio.assets as c
                where c.user_id = p.user_id and c.project_id = p.id
            );
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
    end loop;
    return done;
end
$$;
comment on function studio.purge_projects(bigint) is
    'How many rows were deleted of projects that cannot be restored any more, and of what hung under them.';

insert into ops.sweep_parts (position, what, function_name, is_urgent)
values (300, 'deleted projects purged', 'studio.purge_projects', false);
