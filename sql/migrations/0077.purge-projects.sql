-- What time does in the studio: a deleted project is purged once it cannot be restored any more, a batch at a time. What a tenant has
-- locked is passed over.
-- depends: 0076.order-scenes

set local role renderstore_owner;

create function studio.purge_projects(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
    project studio.projects;
    done bigint := 0;
    taken bigint;
begin
    for project in
        select p.*
        from studio.projects as p
        where p.purge_at <= now()
        order by p.purge_at
        limit max_rows
        for update skip locked
    loop
        delete from studio.scenes as s
        where (s.user_id, s.id) in (
            select hanging.user_id, hanging.id
            from studio.scenes as hanging
            where hanging.user_id = project.user_id
                and hanging.project_id = project.id
            limit max_rows - done
            for update skip locked
        );
        get diagnostics taken = row_count;
        done := done + taken;

        exit when done >= max_rows;
        delete from studio.projects as p
        where p.user_id = project.user_id
            and p.id = project.id
            and not exists (
                select
                from studio.scenes as s
                where s.user_id = p.user_id and s.project_id = p.id
            );
        get diagnostics taken = row_count;
        done := done + taken;
        exit when done >= max_rows;
    end loop;
    return done;
end
$$;
comment on function studio.purge_projects(bigint) is
    'How many rows were deleted of projects that cannot be restored any more, and of what hung under them.';

insert into ops.sweep_parts (position, what, function_name, is_urgent)
values (300, 'deleted projects purged', 'studio.purge_projects', false);
