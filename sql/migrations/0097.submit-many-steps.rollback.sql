set local role renderstore_owner;

drop function studio.submit_steps(
    studio.step_kind[],
    uuid,
    uuid[],
    text[],
    jsonb[],
    integer[],
    integer[],
    text[],
    text[],
    jsonb,
    integer,
    integer,
    timestamp with time zone,
    timestamp with time zone,
    boolean,
    uuid[],
    work.dependency_rule,
    uuid
);
drop function studio.hold_steps(
    uuid,
    uuid[],
    jsonb,
    timestamp with time zone,
    work.dependency_rule
);
