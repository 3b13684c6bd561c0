set local role renderstore_owner;

revoke insert on studio.steps from renderstore_app, renderstore_admin;
drop trigger steps_submit on studio.steps;
drop function studio.submit_inserted_step();
drop function studio.submit_step(
    studio.step_kind,
    uuid,
    uuid,
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
drop function studio.specify_steps(
    uuid,
    uuid,
    uuid[],
    studio.step_kind[],
    uuid[],
    text[],
    jsonb[]
);
