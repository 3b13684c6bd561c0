set local role renderstore_owner;

drop function studio.resume_steps(uuid, uuid, uuid);
drop function studio.finish_step(
    uuid,
    uuid,
    integer,
    text,
    integer,
    bigint,
    bigint,
    bigint,
    jsonb,
    text
);
drop function studio.report_step(
    uuid,
    uuid,
    integer,
    text,
    integer,
    bigint,
    bigint,
    bigint,
    jsonb,
    text
);
drop function studio.claim_steps(bigint, interval);
