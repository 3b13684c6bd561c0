set local role renderstore_owner;

drop function render.finish(uuid, uuid, integer, text[], bigint[], text[]);
