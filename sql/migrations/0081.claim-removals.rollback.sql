set local role renderstore_owner;

drop function ops.queue_stray(text, bigint);
drop function ops.fail_removal(uuid, uuid, text);
drop function ops.confirm_removals(uuid[], uuid[]);
drop function ops.claim_removals(bigint, interval);
