set local role renderstore_owner;

drop trigger jobs_guard on work.jobs;
drop function work.guard_job();
revoke select on work.jobs
    from renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
drop policy jobs_read on work.jobs;
drop policy jobs_held on work.jobs;
drop policy jobs_own on work.jobs;
drop policy jobs_owner on work.jobs;
alter table work.jobs no force row level security;
alter table work.jobs disable row level security;
