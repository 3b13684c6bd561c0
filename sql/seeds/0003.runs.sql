-- What five workers made of those jobs. Nothing happens where they were here before, nor where
-- other jobs wait, which they would take.
begin;
select identity.bind('renderstore_readonly', null, 'readonly');
select
    set_config(
        'seed.is_due',
        (
            not exists (
                select
                from work.workers
                where starts_with(name, 'demo-')
            )
            and not exists (
                select
                from work.jobs
                where status = 'queued' and not labels @> '{demo}'
            )
        )::text,
        true
    ) as runs_are_due;

-- The first has worked through most of what waits.
set local role none;
select identity.bind('renderstore_worker', null, 'worker:demo-mac-studio-1');
select count(work.register('{render}', '{demo}', 'demo 1')) as registered
where current_setting('seed.is_due')::boolean;

with claimed as materialized (
    select
        c.user_id,
        c.id,
        c.attempt,
        c.output_path,
        row_number() over (order by c.user_id, c.id) as n
    from render.claim(90, '1 day') as c
    where current_setting('seed.is_due')::boolean
),

told as materialized (
    select
        user_id,
        id,
        attempt,
        output_path,
        n,
        work.append_log(user_id, id, attempt, E'frame 1 of 24\n') as opened,
        work.append_log(user_id, id, attempt, E'frame 12 of 24\n') as rendered
    from claimed
)

select
    count(
        case n % 9
            when 3 then work.fail(
                user_id,
                id,
                attempt,
                'missing',
                'The footage /Volumes/ads/logo.png does not exist.',
                1
            )::text
            when 5 then work.fail(
                user_id,
                id,
                attempt,
                'crashed',
                'aerender ended with exit code 139.',
                139
            )::text
            when 7 then work.fail(
                user_id,
                id,
                attempt,
                'license',
                'No license of Element 3D was free.'
            )::text
            else render.finish(
                user_id,
                id,
                attempt,
                array[output_path],
                array[1048576 * n],
                array['video/quicktime']
            )::text
        end
    ) as ended
from told;

-- The second is in the middle of it.
set local role none;
select identity.bind('renderstore_worker', null, 'worker:demo-mac-studio-2');
select count(work.register('{render}', '{demo}', 'demo 1')) as registered
where current_setting('seed.is_due')::boolean;

with claimed as materialized (
    select
        c.user_id,
        c.id,
        c.attempt,
        row_number() over (order by c.user_id, c.id) as n
    from work.claim(12, '{render}', '1 day') as c
    where current_setting('seed.is_due')::boolean
)

select
    count(work.append_log(user_id, id, attempt, E'rendering\n')) as logged,
    count(work.heartbeat(user_id, id, attempt, 7 * n::integer, '1 day')) as running
from claimed;

-- The third looks at jobs before they are queued.
set local role none;
select identity.bind('renderstore_worker', null, 'worker:demo-linux-1');
select
    count(
        work.register('{render,download,step}', '{demo,gpu}', 'demo 2')
    ) as registered
where current_setting('seed.is_due')::boolean;

select count(*) as validating
from work.validate(4, '{render}', '1 day')
where current_setting('seed.is_due')::boolean;

-- The fourth has stopped.
set local role none;
select identity.bind('renderstore_worker', null, 'worker:demo-mac-pro-1');
select count(work.register('{render}', '{demo}', 'demo 1')) as registered
where current_setting('seed.is_due')::boolean;

update work.workers
set stopped_at = now()
where name = 'demo-mac-pro-1' and current_setting('seed.is_due')::boolean;

-- The fifth fell silent with three jobs in its hands.
set local role none;
select identity.bind('renderstore_worker', null, 'worker:demo-mac-mini-1');
select count(work.register('{render}', '{demo}', 'demo 1')) as registered
where current_setting('seed.is_due')::boolean;

select count(work.heartbeat(user_id, id, attempt, 40, '1 day')) as held
from work.claim(3, '{render}', '1 day')
where current_setting('seed.is_due')::boolean;

update work.workers
set seen_at = now() - interval '25 minutes'
where name = 'demo-mac-mini-1' and current_setting('seed.is_due')::boolean;

-- People change their minds: about two jobs each that wait, and one that runs.
set local role none;
select identity.bind('renderstore_admin', null, 'dba:seed');

select count(work.cancel(id, 'The client wants another cut.', user_id)) as cancelled
from (
    select
        user_id,
        id,
        row_number() over (partition by user_id order by id desc) as n
    from work.jobs
    where status = 'queued' and labels @> '{demo}'
) as waiting
where n <= 2 and current_setting('seed.is_due')::boolean;

select count(work.cancel(id, 'Rendered in the wrong size.', user_id)) as asked
from (
    select
        user_id,
        id
    from work.jobs
    where status = 'running' and held_by = 'demo-mac-studio-2'
    order by id
    limit 1
) as running
where current_setting('seed.is_due')::boolean;

commit;
