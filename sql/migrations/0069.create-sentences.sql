-- The sentence for whoever broke a rule, asked by programs in any language once their transaction
-- is rolled back: an error names schema, table and constraint, and the rule's comment is the sentence.
-- depends: 0068.list-jobs

set local role renderstore_owner;

create function ops.sentence(
    schema_name text,
    table_name text,
    constraint_name text,
    message text default null
)
returns text
language sql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
with places (oid) as (
    -- A partition breaks its table's rules.
    select coalesce(pg_inherits.inhparent, pg_class.oid)
    from pg_class
    inner join pg_namespace on pg_namespace.oid = pg_class.relnamespace
    left join pg_inherits on pg_inherits.inhrelid = pg_class.oid
    where pg_namespace.nspname = sentence.schema_name
        and pg_class.relname = sentence.table_name
    union all
    select pg_class.oid
    from pg_class
    inner join pg_namespace on pg_namespace.oid = pg_class.relnamespace
    where pg_namespace.nspname = sentence.schema_name
        and pg_class.relname = sentence.table_name
),

said (words) as (
    select
        coalesce(
            obj_description(pg_constraint.oid, 'pg_constraint'),
            obj_description(pg_constraint.conparentid, 'pg_constraint')
        )
    from pg_constraint
    where pg_constraint.conname = sentence.constraint_name
        and (
            pg_constraint.conrelid in (select places.oid from places)
            -- A domain's rule names the domain where others name their table.
            or pg_constraint.contypid = (
                select pg_type.oid
                from pg_type
                inner join pg_namespace on pg_namespace.oid = pg_type.typnamespace
                where pg_namespace.nspname = sentence.schema_name
                    and pg_type.typname = sentence.table_name
            )
        )
    union all
    select obj_description(pg_index.indexrelid, 'pg_class')
    from pg_index
    inner join pg_class on pg_class.oid = pg_index.indexrelid
    where pg_index.indrelid in (select places.oid from places)
        and pg_index.indisunique
        and pg_class.relname = sentence.constraint_name
    union all
    select
        'A value is missing. '
        || col_description(pg_attribute.attrelid, pg_attribute.attnum)
    from pg_attribute
    where pg_attribute.attrelid in (select places.oid from places)
        and pg_attribute.attname = sentence.constraint_name
        and pg_attribute.attnotnull
),

halves (whole, parent, child) as (
    select
        words,
        split_part(words, '; still referenced:', 1),
        btrim(split_part(words, '; still referenced:', 2))
    from said
    where words is not null
    limit 1
)

select
    case
        when child = '' or message is null then whole
        -- In every language a missing parent's error quotes two names, a referenced one's three.
        when
            length(message) - length(translate(message, '"«»„“”「」', '')) >= 6
            then upper(left(child, 1)) || rtrim(substring(child from 2), '.') || '.'
        else rtrim(parent, '.') || '.'
    end
from halves
$$;

comment on function ops.sentence(text, text, text, text) is
    'The sentence of the rule that an error names; null for a rule that is not ours. The column in place of the constraint for a missing value. With the error''s message, the direction of a foreign key that is meant, else both.';

grant execute on function ops.sentence(text, text, text, text)
    to
        renderstore_app,
        renderstore_auth,
        renderstore_worker,
        renderstore_admin,
        renderstore_readonly;
