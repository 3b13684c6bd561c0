set local role renderstore_owner;

drop trigger events_keep_all on work.events;
drop trigger events_keep on work.events;
drop function work.refuse_new_history();
