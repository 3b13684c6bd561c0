-- Loses what checks of services found.

set local role renderstore_owner;

drop table ops.service_spans;
drop table ops.service_states;
drop type ops.service_state;
