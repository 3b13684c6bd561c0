set local role renderstore_owner;

drop function studio.import_aseprite(uuid, text, json, uuid, uuid);
drop function studio.aseprite_frames(json);
