-- Loses every job's log.

set local role renderstore_owner;

drop function work.append_log(uuid, uuid, integer, text, bigint);
drop table work.logs;
