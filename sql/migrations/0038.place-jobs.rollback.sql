set local role renderstore_owner;

drop function work.enter_line(uuid[], uuid[], boolean[]);
drop function work.leave_line(uuid[], uuid[]);
drop function work.step(bigint);
drop function work.take_turns(uuid, work.lanes, bigint, bigint);
drop function work.open_lane(work.job_kind, text[], smallint);
