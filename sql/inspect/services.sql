-- Which service is down, since when and why; what is down first.
\ir quiet.psql
select count(*) = 2 as sees_services
from pg_class as class
join pg_namespace as namespace on namespace.oid = class.relnamespace
where (namespace.nspname, class.relname) in (('ops', 'services'), ('ops', 'service_states'))
    and has_schema_privilege(namespace.oid, 'usage')
    and has_table_privilege(class.oid, 'select')
\gset
\ir loud.psql
\if :sees_services
    select
        left(s.id, 16) as service,
        v.status,
        regexp_replace(date_trunc('seconds', now() - c.last_change_at)::text, ' days?', 'd') as "for",
        v.uptime_percentage as "24 h",
        case
            when not s.is_enabled then 'It is switched off.'
            when s.url is null then 'It has no URL.'
            when c.service_id is null then 'It was never checked.'
            when v.status = 'unknown' then 'It was not checked for a while: renderstore check.'
            else left(regexp_replace(coalesce(c.message, ''), '\s+', ' ', 'g'), 36)
        end as "what the last check said"
    from ops.services as s
    join ops.service_status as v on v.service_name = s.id
    left join ops.service_states as c on c.service_id = s.id
    order by array_position(array['down', 'unknown', 'up'], v.status::text), s.id
    limit 100;
\else
    \echo 'There are no services here that this role may see: ask as readonly'
    \echo '(`renderstore psql`).'
\endif
\unset sees_services
