-- Loses the order of the queue.

set local role renderstore_owner;

drop table work.leftovers;
drop table work.ready;
drop table work.turns;
drop table work.lanes;
