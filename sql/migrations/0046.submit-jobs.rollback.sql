set local role renderstore_owner;

drop function work.submit_many(
    uuid,
    work.job_kind,
    bigint,
    integer[],
    integer[],
    text[],
    text[],
    jsonb,
    integer,
    integer,
    timestamp with time zone,
    timestamp with time zone
);
drop function work.submit(
    uuid,
    work.job_kind,
    integer,
    text[],
    integer,
    integer,
    integer,
    timestamp with time zone,
    timestamp with time zone,
    text,
    uuid[],
    work.dependency_rule,
    boolean
);
drop function work.check_new_job(text, integer);
drop function work.link_needs(uuid, uuid, uuid[], work.dependency_rule);
