set local role renderstore_owner;

drop function render.submit_many(
    text[],
    text[],
    text[],
    text[],
    text[],
    text[],
    integer[],
    integer[],
    integer[],
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
    uuid
);
