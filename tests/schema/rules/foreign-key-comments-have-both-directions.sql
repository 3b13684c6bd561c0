-- A foreign key's comment says both: the missing parent, then `; still referenced:` the other.
select violator
from style.foreign_keys
where obj_description(oid, 'pg_constraint') !~ '.+; still referenced: .+';

-- Broken by: ops.strays.strays_user_id_fkey
create table ops.strays (
    user_id uuid,
    constraint strays_user_id_fkey foreign key (user_id) references identity.users (id)
);
comment on constraint strays_user_id_fkey on ops.strays is 'There is no such user.';
