set local role renderstore_owner;

drop view render.jobs;
drop function render.to_work(render.render_status);
drop function render.to_render(work.job_status);
drop type render.render_status;
