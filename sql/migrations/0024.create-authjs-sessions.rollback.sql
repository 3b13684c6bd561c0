set local role renderstore_owner;

drop view authjs.verification_token;
drop view authjs.sessions;
