set local role renderstore_owner;

drop function media.want_again(uuid, uuid, text);
drop function media.finish_download(uuid, uuid, integer, text[], bigint[]);
drop function media.report_files(
    uuid,
    uuid,
    integer,
    text[],
    media.file_state[],
    text[],
    text[],
    bigint[],
    text[],
    text[]
);
drop function media.describe_download(uuid, uuid, integer, text, text);
drop function media.claim_downloads(bigint, interval);
