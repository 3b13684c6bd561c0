-- A key has PostgreSQL's own name, a check the table's, the rule's and _check.
select
    violator,
    case kind
        when 'p' then table_name || '_pkey'
        when 'u' then table_name || '_' || array_to_string(column_names, '_') || '_key'
        when 'f' then table_name || '_' || array_to_string(column_names, '_') || '_fkey'
        when 'x' then table_name || '_…_excl'
        else table_name || '_…the rule…_check'
    end as detail
from style.constraints
where case kind
    when 'p' then name <> table_name || '_pkey'
    -- A name of PostgreSQL's has at most 63 bytes; a longer one is shortened by hand.
    when 'u' then not (
        name = table_name || '_' || array_to_string(column_names, '_') || '_key'
        or length(table_name || '_' || array_to_string(column_names, '_') || '_key') > 63
        and name ^@ (table_name || '_')
        and name ~ '_key$'
    )
    when 'f' then not (
        name = table_name || '_' || array_to_string(column_names, '_') || '_fkey'
        or length(table_name || '_' || array_to_string(column_names, '_') || '_fkey') > 63
        and name ^@ (table_name || '_')
        and name ~ '_fkey$'
    )
    when 'x' then not (name ^@ (table_name || '_') and name ~ '_excl$')
    -- What PostgreSQL calls an unnamed check names no rule.
    else not (name ^@ (table_name || '_') and name ~ '_check[0-9]*$')
        or name ~ '_check[0-9]+$'
        or name = table_name || '_check'
        or name = any (
            select table_name || '_' || column_name || '_check'
            from unnest(column_names) as named (column_name)
        )
end;

-- Broken by: ops.strays.the_key, ops.strays.strays_size_check, ops.strays.users
create table ops.strays (
    id uuid constraint the_key primary key,
    size bigint check (size > 0),
    user_id uuid constraint users references identity.users (id)
);
