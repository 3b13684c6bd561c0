-- A function's settings reach what it calls and the triggers that it fires, which switch other ways of joining off for
-- themselves. Nobody switches nested loops off, or nothing is left and the slowest is taken.
select
    violator,
    settings::text as detail
from style.functions
where 'enable_nestloop=off' = any(settings);

-- Broken by: ops.stray
create function ops.stray() returns integer
language sql set enable_nestloop = off return 1;
