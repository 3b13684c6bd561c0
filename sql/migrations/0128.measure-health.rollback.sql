set local role renderstore_owner;

drop function ops.health(jsonb);
drop function ops.spoken(numeric, ops.health_unit);
drop function ops.measure_server();
drop function ops.slowest_statements(bigint, boolean);
drop function ops.uncounted_because();
drop function ops.measure_farm();
