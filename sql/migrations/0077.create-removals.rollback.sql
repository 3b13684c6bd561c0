-- Loses which files are to be removed: look for them on disk.

set local role renderstore_owner;

drop table ops.removals;
