set local role renderstore_owner;

drop function media.import_download(text, text, jsonb);
