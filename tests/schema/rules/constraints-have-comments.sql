-- Every constraint has a comment: the sentence for the person who violates it.
select violator
from style.constraints
where obj_description(oid, 'pg_constraint') is null
union all
select format('%s.%s', types.violator, pg_constraint.conname) as violator
from pg_constraint
join style.types on types.oid = pg_constraint.contypid
where pg_constraint.contype = 'c'
    and obj_description(pg_constraint.oid, 'pg_constraint') is null;

-- Broken by: ops.strays.strays_pkey, ops.strays.strays_id_is_small_check, ops.level.level_is_small_check
create table ops.strays (
    id integer,
    constraint strays_pkey primary key (id),
    constraint strays_id_is_small_check check (id < 9)
);
create domain ops.level as integer constraint level_is_small_check check (value < 9);
