set local role renderstore_owner;

drop function render.import_jobs(text, text, jsonb);
