-- A foreign key that includes the owner clears nothing on delete, and none cascades an update.
select
    violator,
    definition as detail
from style.foreign_keys
where (
        on_delete in ('n', 'd')
        and 'user_id' = any (column_names)
        -- Of a composite key one column may be cleared by name.
        and definition !~ 'ON DELETE SET NULL \((?!user_id\M)\w+\)'
    )
    or on_update <> 'a';

-- Broken by: ops.strays.strays_user_id_fkey
create table ops.strays (
    user_id uuid,
    constraint strays_user_id_fkey foreign key (user_id)
        references identity.users (id) on delete set null
);
