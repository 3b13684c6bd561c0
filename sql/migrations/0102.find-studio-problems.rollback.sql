set local role renderstore_owner;

revoke execute on function studio.is_asset_used(uuid, uuid)
from renderstore_admin, renderstore_readonly;
drop function studio.problems();
