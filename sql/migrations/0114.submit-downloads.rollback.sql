set local role renderstore_owner;

revoke insert on media.downloads from renderstore_app, renderstore_admin;
drop trigger downloads_submit on media.downloads;
drop function media.submit_inserted_download();
drop function media.submit_download(
    text,
    text,
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
