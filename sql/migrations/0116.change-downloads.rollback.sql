set local role renderstore_owner;

drop function media.mark_missing(uuid, uuid);
drop function media.forget_removed(text[], uuid);
drop function media.remove_files(uuid[], uuid);
drop function media.retry_failed(uuid, text, uuid);
