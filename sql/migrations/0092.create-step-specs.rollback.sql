-- Loses what steps were to do, and what they cost.

set local role renderstore_owner;

drop function studio.report_step(
    uuid,
    uuid,
    integer,
    text,
    text,
    bigint,
    bigint,
    bigint
);
drop function studio.claim_steps(bigint, interval);
drop function studio.submit_step;
drop table studio.step_specs;
drop type studio.step_kind;
