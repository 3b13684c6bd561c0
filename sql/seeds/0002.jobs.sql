-- Twenty render jobs a person, 200 in all. Each has an idempotency key, so a second run finds those that are there.
-- They ask for the label `demo`: no worker of yours takes them.
begin;
select identity.bind('renderstore_admin', null, 'dba:seed');

select count(made.id) as jobs
from identity.users
cross join generate_series(1, 19) as n
cross join lateral render.submit(
    user_id => users.id,
    template_path => format('/Volumes/ads/%s/spot.aep', lower(users.name)),
    output_path => format('/Volumes/renders/%s/spot-%s.mov', lower(users.name), n),
    project_name => (array['Spring sale', 'Title sequence', 'Weather map'])[1 + n % 3],
    output_name => format('Spot %s', n),
    frame_start => 1,
    frame_end => 24 * n,
    priority => n % 6,
    labels => case
        when n in (15, 16) then array['demo', 'gpu']
        else array['demo']
    end,
    estimated_s => 30 * n,
    due_at => case when n in (17, 18) then now() + interval '1 day' end,
    idempotency_key => format('seed-%s', n),
    validate_first => n = 19
) as made
where users.email = lower(users.name) || '@example.com';

-- The twentieth waits for the first.
select count(made.id) as jobs
from identity.users
join work.jobs as first on first.user_id = users.id and first.idempotency_key = 'seed-1'
cross join lateral render.submit(
    user_id => users.id,
    template_path => format('/Volumes/ads/%s/cut.aep', lower(users.name)),
    output_path => format('/Volumes/renders/%s/cut.mov', lower(users.name)),
    project_name => 'Final cut',
    labels => array['demo'],
    idempotency_key => 'seed-20',
    needs_job_ids => array[first.id]
) as made
where users.email = lower(users.name) || '@example.com'
    and not exists (
        select
        from work.jobs
        where jobs.user_id = users.id and jobs.idempotency_key = 'seed-20'
    );

commit;
