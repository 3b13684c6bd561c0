set local role renderstore_owner;

drop function work.release(uuid, uuid, integer);
drop function work.stop(uuid, uuid, integer);
drop function work.fail(uuid, uuid, integer, text, text, bigint);
drop function work.accept(uuid, uuid, integer);
drop function work.report(uuid, uuid, integer, work.outcome, text, text, bigint);
drop function work.finish_and_claim(
    uuid[],
    uuid[],
    integer[],
    bigint,
    work.job_kind[],
    interval
);
drop function work.finish(uuid, uuid, integer);
drop function work.finish_many(uuid[], uuid[], integer[]);
drop function work.complete_held(uuid[], uuid[], integer[]);
drop function work.heartbeat(uuid, uuid, integer, integer, interval);
drop function work.heartbeat_many(uuid[], uuid[], integer[], integer[], interval);
drop function work.note_report(
    uuid,
    uuid,
    integer,
    text,
    work.outcome,
    timestamp with time zone,
    text,
    text,
    bigint
);
drop function work.hold_lease(uuid, uuid, integer);
drop function work.check_lease(uuid, uuid, integer);
drop function work.refuse_lost_lease();
