-- A render that ends with the files that it made.
-- depends: 0052.create-sweep

set local role renderstore_owner;

create function render.finish(
    user_id uuid,
    id uuid,
    attempt integer,
    paths text[] default '{}',
    sizes_bytes bigint[] default '{}',
    media_types text[] default '{}'
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform
    from work.jobs as j
    where j.user_id = finish.user_id
        and j.id = finish.id
        and j.attempt = finish.attempt
        and j.status = 'running'
        and j.held_by = work.current_worker()
    for no key update;
    if not found then
        perform work.refuse_lost_lease();
    end if;
    insert into render.outputs (user_id, job_id, attempt, path, size_bytes, media_type)
    select
        finish.user_id,
        finish.id,
        finish.attempt,
        made.path,
        made.size_bytes,
        made.media_type
    from unnest(paths, sizes_bytes, media_types) as made (path, size_bytes, media_type);
    perform work.finish(finish.user_id, finish.id, finish.attempt);
end
$$;
comment on function render.finish(uuid, uuid, integer, text[], bigint[], text[]) is
    'Completes a render job and keeps the files that it made: paths, and their sizes and media types where known. Refused without the current lease.';

grant execute on function render.finish(uuid, uuid, integer, text[], bigint[], text[])
    to renderstore_worker;
