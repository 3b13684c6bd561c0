-- Loses which files are to be removed: look for them on disk.

set local role renderstore_owner;

drop function ops.is_file_kept(uuid, text);
drop table ops.removals;
drop function ops.is_owners_uri(uuid, text);
