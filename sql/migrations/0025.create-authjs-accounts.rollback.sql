set local role renderstore_owner;

drop view authjs.accounts;
