set local role renderstore_owner;

revoke insert on render.jobs from renderstore_app, renderstore_admin;
drop trigger jobs_submit on render.jobs;
drop function render.submit_inserted();
drop function render.submit(
    text,
    text,
    text,
    text,
    text,
    text,
    integer,
    integer,
    integer,
    text,
    jsonb,
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
    boolean,
    uuid
);
