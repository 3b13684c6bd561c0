set local role renderstore_owner;

drop function identity.current_actor();
drop function identity.current_user_id();
