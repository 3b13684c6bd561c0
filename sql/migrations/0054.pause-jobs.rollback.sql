set local role renderstore_owner;

drop function work.resume_user(uuid);
drop function work.pause_user(uuid, text);
drop function work.resume(text);
drop function work.pause(text, text);
drop function work.follow_pauses();
