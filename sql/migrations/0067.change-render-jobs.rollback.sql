set local role renderstore_owner;

drop trigger specs_keep on render.specs;
drop function work.keep_spec();
drop function render.finish(uuid, uuid, integer, text[], bigint[], text[]);
drop function render.claim(bigint, interval);
drop function render.set_names(uuid, text, text, uuid);
