set local role renderstore_owner;

drop function studio.restore_asset(uuid, uuid);
drop function studio.delete_asset(uuid, boolean, uuid);
drop function studio.abandon_asset(uuid, uuid);
drop function studio.end_asset(studio.assets, studio.asset_state, timestamptz);
drop function studio.keep_asset(
    uuid,
    bigint,
    bytea,
    text,
    integer,
    integer,
    bigint,
    uuid
);
drop function studio.begin_asset(
    studio.asset_kind,
    bigint,
    text,
    uuid,
    text,
    text,
    jsonb,
    timestamptz,
    uuid
);
drop function studio.asset_uri(uuid, uuid, text);
drop function studio.lock_asset(uuid, uuid);
drop function studio.is_asset_used(uuid, uuid);
