set local role renderstore_owner;

drop function ops.sentence(text, text, text, text);
