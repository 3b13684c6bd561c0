-- A time ends in _at and a date in _on, and nothing else does (authjs follows Auth.js).
select
    violator,
    type as detail
from style.columns
where area <> 'authjs'
    and (
        (
            type in (
                'timestamp with time zone',
                'timestamp with time zone[]',
                'ops.moment'
            )
        ) <> (name ~ '_at$')
        or (type = 'date') <> (name ~ '_on$')
    );

-- Broken by: ops.strays.created, ops.strays.due, ops.strays.day, ops.strays.seen_at
create table ops.strays (created timestamptz, due ops.moment, day date, seen_at text);
