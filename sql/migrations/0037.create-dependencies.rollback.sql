-- Loses which job waits for which.

set local role renderstore_owner;

drop table work.dependencies;
drop type work.dependency_rule;
