-- The frames of an animation, in order: how long each stays, its pivot, and the asset that shows it, or a part of one. Positions are 1 to n
-- without a gap, as scenes have them. An asset that a frame uses is neither deleted nor expired.
-- depends: 0083.create-animations

set local role renderstore_owner;

create table studio.frames (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    project_id uuid not null,
    animation_id uuid not null,
    position integer not null,
    duration_ms integer not null,
    asset_id uuid,
    pivot_x integer,
    pivot_y integer,
    source_x integer,
    source_y integer,
    source_width integer,
    source_height integer,

    constraint frames_pkey primary key (user_id, id),
    constraint frames_user_id_project_id_fkey foreign key (user_id, project_id)
        references studio.projects (user_id, id) on delete cascade,
    constraint frames_user_id_animation_id_fkey foreign key (user_id, animation_id)
        references studio.animations (user_id, id) on delete cascade,
    constraint frames_user_id_asset_id_fkey foreign key (user_id, asset_id)
        references studio.assets (user_id, id) on delete no action,
    constraint frames_user_id_animation_id_position_key
        unique (user_id, animation_id, position) deferrable,
    constraint frames_position_is_positive_check check (position >= 1),
    constraint frames_duration_ms_is_1_to_3600000_check
        check (duration_ms between 1 and 3600000),
    constraint frames_pivot_is_a_point_check
        check (num_nonnulls(pivot_x, pivot_y) in (0, 2)),
    constraint frames_source_is_a_rectangle_check
        check (
            num_nonnulls(source_x, source_y, source_width, source_height) in (0, 4)
            and least(source_x, source_y) >= 0
            and least(source_width, source_height) >= 1
        )
);

comment on table studio.frames is
    'One row a frame of an animation.';
comment on column studio.frames.user_id is
    'The user who owns the project.';
comment on column studio.frames.id is
    'The frame''s identifier, made by the database.';
comment on column studio.frames.project_id is
    'The project, as the animation has it.';
comment on column studio.frames.animation_id is
    'The animation.';
comment on column studio.frames.position is
    'The frame''s place in its animation, from 1.';
comment on column studio.frames.duration_ms is
    'How long the frame stays, in milliseconds, 1 to 3600000.';
comment on column studio.frames.asset_id is
    'The asset that shows the frame; null where none does yet.';
comment on column studio.frames.pivot_x is
    'Where the frame is held, in pixels from its left edge; null where nobody says.';
comment on column studio.frames.pivot_y is
    'Where the frame is held, in pixels from its upper edge; null where nobody says.';
comment on column studio.frames.source_x is
    'Where the frame begins in its asset, in pixels from the left; null where it is the whole asset.';
comment on column studio.frames.source_y is
    'Where the frame begins in its asset, in pixels from above; null where it is the whole asset.';
comment on column studio.frames.source_width is
    'How wide the frame is in its asset, in pixels; null where it is the whole asset.';
comment on column studio.frames.source_height is
    'How high the frame is in its asset, in pixels; null where it is the whole asset.';
comment on constraint frames_pkey on studio.frames is
    'There is already a frame with this id.';
comment on constraint frames_user_id_project_id_fkey on studio.frames is
    'There is no project with this id; still referenced: the project has frames.';
comment on constraint frames_user_id_animation_id_fkey on studio.frames is
    'There is no animation with this id; still referenced: the animation has frames.';
comment on constraint frames_user_id_asset_id_fkey on studio.frames is
    'There is no asset with this id; still referenced: a frame uses the asset.';
comment on constraint frames_user_id_animation_id_position_key on studio.frames is
    'The animation already has a frame at this place.';
comment on constraint frames_position_is_positive_check on studio.frames is
    'A frame''s position is 1 or more.';
comment on constraint frames_duration_ms_is_1_to_3600000_check on studio.frames is
    'A frame stays for 1 millisecond to an hour.';
comment on constraint frames_pivot_is_a_point_check on studio.frames is
    'A pivot has both coordinates, or neither.';
comment on constraint frames_source_is_a_rectangle_check on studio.frames is
    'The part of an asset has a place and a size of at least one pixel, or neither.';

-- Serves frames_user_id_project_id_fkey and the purge.
create index frames_user_id_project_id_idx on studio.frames (user_id, project_id);

-- Serves frames_user_id_asset_id_fkey and studio.is_asset_used.
create index frames_user_id_asset_id_idx on studio.frames (user_id, asset_id)
    where asset_id is not null;

create or replace function studio.is_asset_used(owner uuid, asset uuid)
returns boolean
language sql
stable
return exists (
    select
    from studio.frames as f
    where f.user_id = owner and f.asset_id = asset
);

alter table studio.frames enable row level security;
alter table studio.frames force row level security;

create policy frames_owner on studio.frames
    to renderstore_owner
    using (true)
    with check (true);
create policy frames_own on studio.frames
    to renderstore_app
    using (
        user_id = (select identity.current_user_id())
        and project_id <> all((select studio.deleted_project_ids())::uuid[])
    )
    with check (
        user_id = (select identity.current_user_id())
        and project_id <> all((select studio.deleted_project_ids())::uuid[])
    );
create policy frames_every on studio.frames
    to renderstore_admin
    using (true)
    with check (true);
create policy frames_read on studio.frames
    for select
    to renderstore_readonly
    using (true);

grant select on studio.frames
    to renderstore_app, renderstore_admin, renderstore_readonly;
grant update (
    duration_ms,
    pivot_x,
    pivot_y,
    source_x,
    source_y,
    source_width,
    source_height
)
on studio.frames
to renderstore_app, renderstore_admin;
