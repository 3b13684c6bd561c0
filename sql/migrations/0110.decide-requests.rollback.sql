set local role renderstore_owner;

drop function media.list_requests(media.request_status, uuid, bigint);
drop function media.request_notice(text, media.media_type, integer, boolean, text);
drop function media.make_available(media.media_type, integer, integer, boolean);
drop function media.decide_request(uuid, uuid, media.request_status, text);
