set local role renderstore_owner;

drop function ops.import_service(text, text, jsonb);
