set local role renderstore_owner;

drop function render.submit_many;
