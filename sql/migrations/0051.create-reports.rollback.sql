set local role renderstore_owner;

drop function work.release(uuid, uuid, integer);
drop function work.stop(uuid, uuid, integer);
drop function work.fail(uuid, uuid, integer, text, text, bigint);
drop function work.finish_and_claim(
    uuid[],
    uuid[],
    integer[],
    bigint,
    text[],
    work.job_kind[],
    interval
);
drop function work.finish(uuid, uuid, integer);
drop function work.finish_many(uuid[], uuid[], integer[]);
drop function work.list_refused(uuid[], uuid[], integer[]);
drop function work.complete_held(uuid[], uuid[], integer[]);
drop function work.heartbeat(uuid, uuid, integer, smallint, interval);
drop function work.heartbeat_many(uuid[], uuid[], integer[], smallint[], interval);
drop function work.refuse_lost_lease();
