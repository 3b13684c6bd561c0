-- Loses all assets; the files stay where they are.

set local role renderstore_owner;

drop table studio.assets;
drop function studio.note_removal();
drop function studio.follow_expiry();
drop function studio.guard_asset();
drop type studio.asset_kind;
