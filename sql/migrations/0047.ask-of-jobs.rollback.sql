set local role renderstore_owner;

drop function work.delete(uuid, uuid);
drop function work.unlink(uuid, uuid[], uuid);
drop function work.link(uuid, uuid[], work.dependency_rule, uuid);
drop function work.watch(uuid, uuid);
drop function work.set_auto_cancel(uuid, timestamp with time zone, uuid);
drop function work.set_due(uuid, timestamp with time zone, uuid);
drop function work.set_priority(uuid, integer, uuid);
drop function work.try_again(uuid, uuid);
drop function work.ask_again(work.jobs);
drop function work.lock_to_charge(uuid, uuid);
drop function work.cancel(uuid, text, uuid);
drop function work.note_cancel(work.jobs);
drop function work.note_asked(work.jobs, text, jsonb, jsonb);
drop function work.owner_of(uuid, uuid);
drop function work.is_stranger(uuid);
drop function work.lock_job(uuid, uuid);
drop function work.lock_owner(uuid);
