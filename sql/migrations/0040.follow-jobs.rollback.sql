set local role renderstore_owner;

drop trigger usages_pause_user on work.usages;
drop trigger jobs_forget on work.jobs;
drop trigger jobs_move on work.jobs;
drop trigger jobs_follow on work.jobs;
drop trigger jobs_admit on work.jobs;

drop function work.pause_user();
drop function work.forget_jobs();
drop function work.move_job();
drop function work.follow_jobs();
drop function work.admit_jobs();
