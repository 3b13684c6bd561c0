-- An index is called by its table, then what it holds, then _idx; a unique one ends in _key.
select violator
from style.indexes
where not is_constraint
    and not (
        name ^@ (table_name || '_')
        and name ~ (case when is_unique then '_key$' else '_idx$' end)
    );

-- Broken by: ops.by_id, ops.strays_id_idx
create table ops.strays (id uuid);
create index by_id on ops.strays (id);
create unique index strays_id_idx on ops.strays (id);
