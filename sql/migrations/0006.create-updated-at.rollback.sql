set local role renderstore_owner;

drop function ops.set_updated_at();
