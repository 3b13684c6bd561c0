set local role renderstore_owner;

drop view work.history;
drop function work.holder(text);
