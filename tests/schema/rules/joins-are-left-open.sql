-- A function's settings reach the triggers that it fires. One that switches a way of joining off says which is left, or two of
-- them together leave nothing but the slowest.
select
    violator,
    settings::text as detail
from style.functions
where 'enable_nestloop=off' = any(settings)
    and not 'enable_hashjoin=on' = any(settings);

-- Broken by: ops.stray
create function ops.stray() returns integer
language sql set enable_nestloop = off return 1;
