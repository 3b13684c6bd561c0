-- A function that sets an enable_* says `set jit = off` too: up to PostgreSQL 17 a plan node that is switched off and
-- used all the same adds 1e10 to the cost, and JIT compiles every call.
select
    functions.violator,
    functions.settings::text as detail
from style.functions
where exists (
    select
    from unnest(functions.settings) as setting
    where setting ~ '^enable_'
)
and not functions.settings @> array['jit=off'];

-- Broken by: ops.stray, ops.compiled
create function ops.stray() returns integer language sql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
return 1;
create function ops.compiled() returns integer language sql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = on
return 1;
create function ops.sound() returns integer language sql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
return 1;
create function ops.plain() returns integer language sql
set search_path = pg_catalog, pg_temp
return 1;
