-- Loses what users use; it is counted anew.

set local role renderstore_owner;

drop table work.usages;
drop domain work.job_count;
