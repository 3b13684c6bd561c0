set local role renderstore_owner;

revoke select on work.unspecified
    from renderstore_worker, renderstore_admin, renderstore_readonly;

drop function work.problems();
drop function work.mend_line(bigint);
drop function work.lift_stragglers(bigint);
drop function work.sweep(bigint);
