-- A table with an owner enables and forces row-level security, its partitions too.
select violator
from style.stored
where has_owner
    and not (has_row_security and forces_row_security);

-- Broken by: work.strays, identity.strays, studio.parts_one
create table work.strays (user_id uuid);
create table identity.strays (user_id uuid);
alter table identity.strays enable row level security;
create table studio.parts (user_id uuid) partition by hash (user_id);
alter table studio.parts enable row level security;
alter table studio.parts force row level security;
create table studio.parts_one partition of studio.parts for values with (modulus 1, remainder 0);
