-- Loses all characters.

set local role renderstore_owner;

drop table studio.characters;
drop function studio.refuse_deleted_project();
