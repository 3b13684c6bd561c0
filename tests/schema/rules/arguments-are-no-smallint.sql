-- A function takes integer, not smallint: PostgreSQL finds no function of smallint for a bare number or a driver's integer.
select functions.violator
from style.functions
where pg_get_function_arguments(functions.oid) ~ 'smallint';

-- Broken by: ops.stray, ops.strays
create function ops.stray(a smallint) returns integer language sql
set search_path = pg_catalog, pg_temp
return 1;
create function ops.strays(a integer, b smallint[]) returns integer language sql
set search_path = pg_catalog, pg_temp
return 1;
