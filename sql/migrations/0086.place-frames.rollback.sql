set local role renderstore_owner;

drop function studio.set_tags(
    uuid,
    text[],
    integer[],
    integer[],
    studio.playback[],
    integer[],
    uuid
);
drop function studio.delete_frames(uuid, uuid[], uuid);
drop function studio.show_frames(uuid, uuid[], uuid[], uuid);
drop function studio.set_durations(uuid, uuid[], integer[], uuid);
drop function studio.move_frames(uuid, uuid[], integer, uuid);
drop function studio.shift_tags(uuid, uuid, integer, bigint);
drop function studio.add_frames;
drop function studio.use_assets(uuid, uuid[], uuid);
drop function studio.lock_animation(uuid, uuid);
