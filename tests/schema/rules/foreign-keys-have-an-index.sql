-- Every foreign key has an index that begins with its columns.
select
    violator,
    column_names::text as detail
from style.foreign_keys
where not has_index;

-- Broken by: ops.strays.strays_user_id_fkey
create table ops.strays (
    id uuid,
    user_id uuid,
    constraint strays_pkey primary key (id, user_id),
    constraint strays_user_id_fkey foreign key (user_id) references identity.users (id)
);
