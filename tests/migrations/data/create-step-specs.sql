insert into studio.step_specs (user_id, job_id, project_id, scene_id, step, config)
select
    jobs.user_id,
    jobs.id,
    scenes.project_id,
    scenes.id,
    'image',
    '{"prompt": "A fox in the snow."}'
from work.jobs
join studio.scenes on scenes.user_id = jobs.user_id
where jobs.idempotency_key = 'second';

insert into studio.step_costs (
    user_id,
    job_id,
    project_id,
    scene_id,
    step,
    tokens_in,
    cost_micros
)
select
    user_id,
    job_id,
    project_id,
    scene_id,
    step,
    120,
    4000
from studio.step_specs;
