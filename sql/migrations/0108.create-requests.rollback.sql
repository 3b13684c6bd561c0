-- Loses what users asked for.

set local role renderstore_owner;

drop view media.media_requests;
drop table media.requests;
drop function media.guard_request();
