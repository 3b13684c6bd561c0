-- What fires on a change of structure: the migrations make none, and only a superuser may.

-- name: list()
-- One row an event trigger that no extension brought.
select
    'event trigger' as kind,
    quote_ident(evtname) as name,
    null as belongs_to,
    jsonb_strip_nulls(
        jsonb_build_object(
            'event', evtevent,
            'function', evtfoid::regprocedure::text,
            'enabled',
            case evtenabled
                when 'D' then 'never'
                when 'R' then 'replica'
                when 'A' then 'always'
            end
        )
    ) as facts
from pg_event_trigger
where
    not exists (
        select
        from pg_depend
        where
            classid = 'pg_event_trigger'::regclass
            and objid = pg_event_trigger.oid
            and deptype = 'e'
    );
