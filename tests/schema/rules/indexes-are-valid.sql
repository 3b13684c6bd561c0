-- No index is left invalid by an interrupted `create index concurrently`.
select violator
from style.indexes
where not is_valid;

-- Broken by: ops.strays_id_idx
create table ops.strays (id uuid) partition by hash (id);
create table ops.strays_one partition of ops.strays for values with (modulus 1, remainder 0);
create index strays_id_idx on only ops.strays (id);
