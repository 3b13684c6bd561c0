-- Every unique index has a comment: the sentence for the person who violates it.
select violator
from style.indexes
where is_unique
    and not is_constraint
    and obj_description(oid, 'pg_class') is null;

-- Broken by: ops.strays_id_key
create table ops.strays (id uuid);
create unique index strays_id_key on ops.strays (id);
