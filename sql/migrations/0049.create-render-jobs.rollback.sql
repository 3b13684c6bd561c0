set local role renderstore_owner;

drop view render.jobs;
drop function render.delete_job();
drop function render.change_job();
drop function render.submit_job();
drop function render.to_work(render.job_status);
drop function render.to_render(work.job_status);
drop type render.job_status;
