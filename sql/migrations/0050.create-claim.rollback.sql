set local role renderstore_owner;

drop function work.claim(bigint, text[], work.job_kind[], interval);
