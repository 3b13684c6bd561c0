-- Loses all tags.

set local role renderstore_owner;

drop table studio.tags;
