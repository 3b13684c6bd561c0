set local role renderstore_owner;

drop function studio.to_aseprite(uuid, boolean);
