-- Loses which jobs used which assets.

set local role renderstore_owner;

revoke select on studio.assets from renderstore_worker;
drop policy assets_held on studio.assets;
create or replace function studio.is_asset_used(owner uuid, asset uuid)
returns boolean
language sql
stable
return exists (
    select
    from studio.frames as f
    where f.user_id = owner and f.asset_id = asset
);
drop table studio.job_assets;
drop type studio.asset_use;
