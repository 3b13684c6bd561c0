set local role renderstore_owner;

drop trigger specs_keep_key on render.specs;
drop trigger specs_keep on render.specs;
drop function render.refuse_lost_spec();
