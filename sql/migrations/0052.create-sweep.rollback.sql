set local role renderstore_owner;

drop function work.problems();
drop function work.mend_line(bigint);
drop function work.place_leftovers(uuid[], uuid[], uuid[], uuid[]);
drop function work.take_leftovers(bigint);
drop function work.lift_stragglers(bigint);
drop function work.sweep(bigint);
