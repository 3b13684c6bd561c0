-- Constraints of tables and domains. NOT NULL is its column's: only from 18 on it is a constraint too.

-- name: list(areas)
-- One row a constraint; a foreign key of somebody else's table that points at ours is among them.
select
    'constraint' as kind,
    coalesce(nullif(conrelid, 0)::regclass::text, contypid::regtype::text)
    || '.'
    || quote_ident(conname) as name,
    coalesce(
        'table ' || nullif(conrelid, 0)::regclass::text,
        'type ' || contypid::regtype::text
    ) as belongs_to,
    jsonb_strip_nulls(
        jsonb_build_object(
            -- NOT VALID, NOT ENFORCED and DEFERRABLE stand in it.
            'definition', pg_get_constraintdef(pg_constraint.oid),
            -- A foreign key is held by triggers, which a superuser may switch off.
            'switched_off', nullif(
                exists (
                    select
                    from pg_trigger
                    where
                        tgconstraint = pg_constraint.oid
                        and tgisinternal
                        and tgenabled <> 'O'
                ),
                false
            ),
            'comment', obj_description(pg_constraint.oid, 'pg_constraint')
        )
    ) as facts
from pg_constraint
left join pg_class as holder on holder.oid = conrelid
left join pg_type on pg_type.oid = contypid
left join pg_class as target on target.oid = confrelid
where
    contype not in ('n', 't')
    and exists (
        select
        from pg_namespace
        where
            nspname = any(:areas)
            and pg_namespace.oid
            in (holder.relnamespace, target.relnamespace, typnamespace)
    )
    and not exists (
        select
        from pg_depend
        where
            deptype = 'e'
            and (
                (classid = 'pg_class'::regclass and objid = conrelid)
                or (classid = 'pg_type'::regclass and objid = contypid)
            )
    );
