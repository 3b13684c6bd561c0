-- Loses which row came from which row of another system, and the refused ones.

set local role renderstore_owner;

drop function ops.is_kept_time(timestamptz);
drop function ops.refuse_import(text, text, jsonb, text);
drop function ops.without_secrets(jsonb);
drop function ops.note_import(text, text, text, text, text, text[]);
drop function ops.imported_user(text, text);
drop function ops.imported_id(timestamptz, text);
drop table ops.import_refusals;
drop table ops.imported;
