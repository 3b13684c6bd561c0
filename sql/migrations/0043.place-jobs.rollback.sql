-- Loses which duties there are; the migration writes them again.

set local role renderstore_owner;

drop function work.open_lanes(bigint);
drop function work.take_duty(text);
drop table work.duties;
drop function work.leave_line(uuid[], uuid[]);
drop function work.enter_line(uuid[], uuid[], boolean, boolean);
drop function work.join_line(uuid, bigint, bigint, bigint, uuid[], boolean);
drop function work.step(bigint);
