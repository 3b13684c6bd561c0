-- Loses who works.

set local role renderstore_owner;

drop function work.current_worker();
drop table work.workers;
