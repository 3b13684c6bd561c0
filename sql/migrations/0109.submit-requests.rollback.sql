set local role renderstore_owner;

drop function media.cancel_request(uuid, uuid);
drop function media.lock_request(uuid, uuid);
drop function media.submit_requests(
    text,
    media.media_type,
    integer,
    integer[],
    boolean,
    text,
    uuid
);
drop function media.charge(uuid, bigint, bigint);
