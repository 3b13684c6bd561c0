set local role renderstore_owner;

drop trigger jobs_keep_key on work.jobs;
drop trigger jobs_keep_progress on work.jobs;
drop trigger jobs_check_report on work.jobs;
drop trigger jobs_guard on work.jobs;
drop trigger jobs_begin on work.jobs;

drop function work.refuse_new_key();
drop function work.keep_progress();
drop function work.check_report();
drop function work.guard_job();
drop function work.begin_job();
drop function work.sorted_labels(text[]);
drop function work.is_held_back(integer, timestamptz);
