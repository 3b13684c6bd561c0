set local role renderstore_owner;

drop function studio.finish_with_outputs;
drop function studio.keep_for_job;
drop function studio.begin_for_job;
drop function studio.add_inputs(uuid, uuid[], uuid);
