set local role renderstore_owner;

drop function ops.import_rows(text, text, text, text);
drop function ops.import_some(text, text, jsonb, text);
drop function ops.import_table(text, text, jsonb, text);
