-- The sentence that stands behind the last error: the comment of the constraint that it names.
select
    :'LAST_ERROR_MESSAGE' as "last error",
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
        'It names no rule of ours; \errverbose shows all of it.'
    ) as "what it means"
from (
    select substring(:'LAST_ERROR_MESSAGE' from 'constraint "([^"]+)"') as rule
) as named;
