-- Whatever disagrees in the studio: nothing, or a defect.
-- depends: 0077.purge-projects

set local role renderstore_owner;

create function studio.problems()
returns table (user_id uuid, id uuid, problem text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        coalesce(u.user_id, p.user_id),
        null::uuid,
        format(
            '%s living projects were counted, and %s are there',
            coalesce(u.living_projects, 0),
            coalesce(p.living_projects, 0)
        )
    from (
        select c.user_id, sum(c.living_projects) as living_projects
        from studio.usages as c
        group by c.user_id
    ) as u
    full join (
        select c.user_id, count(*) as living_projects
        from studio.projects as c
        where c.deleted_at is null
        group by c.user_id
    ) as p on p.user_id = u.user_id
    where coalesce(u.living_projects, 0) <> coalesce(p.living_projects, 0)
    union all
    select s.user_id, s.project_id, 'the positions of its scenes are not 1 to n'
    from studio.scenes as s
    where s.position is not null
    group by s.user_id, s.project_id
    having count(*) <> max(s.position) or min(s.position) <> 1
$$;
comment on function studio.problems() is
    'Whatever disagrees between counts, positions and rows of the studio: nothing, or a defect. Reads everything.';

grant execute on function studio.problems()
to renderstore_admin, renderstore_readonly;
