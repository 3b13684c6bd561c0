-- Loses what each transition is for; the migration writes it again.

set local role renderstore_owner;

drop function media.may_become(media.file_state, media.file_state);
drop function media.may_become(media.request_status, media.request_status);
drop table media.transitions;
drop type media.file_state;
drop type media.request_status;
drop type media.media_type;
