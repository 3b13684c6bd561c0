-- An identity or a sequence counts in bigint.
select
    violator,
    type as detail
from style.columns
where is_stored
    and type in ('integer', 'smallint')
    and (is_identity or default_value ~ '^nextval\(');

-- Broken by: ops.strays.a, ops.strays.b
create table ops.strays (a integer generated always as identity, b serial);
