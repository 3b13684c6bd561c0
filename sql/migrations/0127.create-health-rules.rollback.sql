-- Loses the thresholds of health.

set local role renderstore_owner;

drop table ops.health_rules;
drop type ops.health_unit;
drop type ops.verdict;
