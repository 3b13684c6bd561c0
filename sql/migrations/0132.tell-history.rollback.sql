set local role renderstore_owner;

drop function audit.history(text, text, bigint);
drop function audit.told(audit.operation, text[], jsonb, jsonb);
drop function audit.shown(jsonb);
