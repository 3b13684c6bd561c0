set local role renderstore_owner;

drop view ops.service_status;
drop function ops.service_uptime(text, timestamptz, timestamptz);
