set local role renderstore_owner;

drop trigger dependencies_unlink on work.dependencies;
drop trigger dependencies_link on work.dependencies;

drop function work.unlink_jobs();
drop function work.link_jobs();
drop function work.lock_needed(uuid[]);
drop function work.settle_dependants(uuid[], uuid[], boolean);
drop function work.cancel_dependants(uuid[], uuid[], boolean);
drop function work.recount_needs(uuid[], uuid[], boolean);
drop function work.count_needs(uuid, uuid);
