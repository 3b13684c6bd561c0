-- Loses where each table lives.

set local role renderstore_owner;

drop table ops.placements;
