-- Text has a check on its length, or one that lists or bounds what it may be.
select columns.violator
from style.columns
where columns.is_stored
    and not columns.is_generated
    and columns.element_oid = 'text'::regtype
    and not exists (
        select
        from style.constraints
        where constraints.table_oid = columns.table_oid
            and constraints.kind = 'c'
            and columns.attnum = any (constraints.column_numbers)
            -- render.path_problem refuses a path of more than 2048 bytes.
            and constraints.definition
            ~ 'length\(|= ANY|\{\d+(,\d+)?\}[)]*\$|render\.path_problem\('
    )
    -- A value that must stand in another table has that table's limit.
    and not exists (
        select
        from style.foreign_keys
        where foreign_keys.table_oid = columns.table_oid
            and columns.name = any (foreign_keys.column_names)
    );

-- Broken by: ops.strays.name, ops.strays.words
create table ops.strays (
    name text,
    words text[],
    code text,
    constraint strays_name_is_set_check check (name <> ''),
    constraint strays_code_is_short_check check (code ~ '^[a-z]{1,9}$')
);
