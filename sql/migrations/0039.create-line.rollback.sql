-- Loses the line.

set local role renderstore_owner;

drop table work.arrivals;
drop table work.ready;
drop table work.turns;
