set local role renderstore_owner;

drop function media.import_request(text, text, jsonb);
