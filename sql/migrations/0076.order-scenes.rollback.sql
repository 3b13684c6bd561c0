set local role renderstore_owner;

drop function studio.restore_scene(uuid, uuid);
drop function studio.delete_scenes(uuid[], uuid);
drop function studio.reorder_scenes(uuid, uuid[], uuid);
drop function studio.move_scene(uuid, integer, uuid);
drop function studio.create_scenes(
    uuid,
    text[],
    text[],
    bigint[],
    jsonb[],
    integer,
    uuid
);
drop function studio.scene_project(uuid, uuid);
