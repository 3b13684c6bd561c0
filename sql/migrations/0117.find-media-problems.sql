-- Whatever disagrees in the media portal: nothing, or a defect.
-- depends: 0116.change-downloads

set local role renderstore_owner;

create function media.problems()
returns table (user_id uuid, id uuid, problem text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        r.user_id,
        null::uuid,
        format(
            '%s requests were counted on %s, and %s are there',
            coalesce(max(u.daily_requests), 0),
            r.asked_on,
            r.requests
        )
    from (
        select
            c.user_id,
            (c.requested_at at time zone 'utc')::date as asked_on,
            count(*) as requests
        from media.requests as c
        group by c.user_id, (c.requested_at at time zone 'utc')::date
    ) as r
    left join media.usages as u on u.user_id = r.user_id
    where u.user_id is null or (u.counted_on = r.asked_on and u.daily_requests < r.requests)
    group by r.user_id, r.asked_on, r.requests
    union all
    select f.user_id, f.id, 'it is kept, and its file is being removed'
    from media.download_files as f
    join ops.removals as m on m.user_id = f.user_id and m.uri = f.path
    where f.state = 'kept' and m.tries > 0
    union all
    select f.user_id, f.id, 'a file of a job that is no download'
    from media.download_files as f
    join work.jobs as j on j.user_id = f.user_id and j.id = f.job_id
    where j.kind <> 'download'
    union all
    select f.user_id, f.job_id, 'the places of its files are not 1 to n'
    from media.download_files as f
    where f.job_id is not null
    group by f.user_id, f.job_id
    having count(distinct f.position) <> count(*)
$$;
comment on function media.problems() is
    'Whatever disagrees between requests, counts and files of the media portal: nothing, or a defect. Reads everything.';

grant execute on function media.problems()
to renderstore_admin, renderstore_readonly;
