-- Loses which labels the farm has.

set local role renderstore_owner;

drop function work.check_labels(text[]);
drop function work.sorted_labels(text[]);
drop table work.labels;
