insert into studio.project_jobs (user_id, job_id, project_id)
select
    jobs.user_id,
    jobs.id,
    projects.id
from work.jobs
join studio.projects on projects.user_id = jobs.user_id;
