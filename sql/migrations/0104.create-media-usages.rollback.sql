-- Loses how much users asked of the media portal today; it is counted anew.

set local role renderstore_owner;

drop function media.lock_owner(uuid);
drop table media.usages;
