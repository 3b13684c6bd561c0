set local role renderstore_owner;

drop view authjs.sessions;
drop function authjs.insert_session();
