-- The sentence that stands behind the last error: the comment of the constraint that it names, or
-- what this role may not read of the table that it names.
select
    said.message as "last error",
    rtrim(regexp_replace(said.sentence, '(.{1,60})(\s+|$)', E'\\1\n', 'g'), E'\n') as "what it means"
from (
    select
        :'LAST_ERROR_MESSAGE' as message,
        coalesce(
            (
                select string_agg(distinct said.sentence, ' / ')
                from (
                    select obj_description(pg_constraint.oid, 'pg_constraint') as sentence
                    from pg_constraint
                    where pg_constraint.conname = named.rule
                    union all
                    select obj_description(pg_class.oid, 'pg_class')
                    from pg_class
                    where pg_class.relname = named.rule
                        and pg_class.relkind = 'i'
                ) as said
            ),
            (
                select string_agg(
                    case
                        when hidden.columns is null then format(
                            '%s reads every column of %s; it may not change it so.',
                            current_role, class.oid::regclass
                        )
                        when hidden.are_all then format(
                            '%s may not read %s. %s',
                            current_role, class.oid::regclass, obj_description(class.oid, 'pg_class')
                        )
                        else format(
                            '%s may not read %s of %s: secrets. Name the columns that you need instead of *.',
                            current_role, hidden.columns, class.oid::regclass
                        )
                    end,
                    ' / '
                )
                from pg_class as class
                join pg_namespace as namespace on namespace.oid = class.relnamespace
                cross join lateral (
                    select
                        string_agg(attname, ', ' order by attnum) filter (where not seen.it) as columns,
                        bool_and(not seen.it) as are_all
                    from pg_attribute
                    cross join lateral (
                        select has_column_privilege(attrelid, attnum, 'select') as it
                    ) as seen
                    where attrelid = class.oid and attnum > 0 and not attisdropped
                ) as hidden
                where class.relname = named.relation
                    and class.relkind in ('r', 'p', 'v')
                    and namespace.nspname !~ '^pg_'
                    and has_schema_privilege(namespace.oid, 'usage')
            ),
            'It names no rule of ours; \errverbose shows all of it.'
        ) as sentence
    from (
        select
            substring(:'LAST_ERROR_MESSAGE' from 'constraint "([^"]+)"') as rule,
            substring(:'LAST_ERROR_MESSAGE' from 'permission denied for (?:table|view) "?(\w+)') as relation
    ) as named
) as said;
