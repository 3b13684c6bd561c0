set local role renderstore_owner;

drop function ops.fail_notice(uuid, uuid, text);
drop function ops.confirm_notices(uuid[], uuid[]);
drop function ops.claim_notices(bigint, interval);
