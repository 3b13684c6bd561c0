-- A view is security_invoker, or it shows every row of its tables; none is materialized.
select violator
from style.views
where is_materialized
    or not exists (
        select
        from unnest(reloptions) as option
        where option in ('security_invoker=true', 'security_invoker=on', 'security_invoker=1')
    );

-- Broken by: ops.seen, ops.stored, ops.off
create view ops.seen as select 1 as one;
create view ops.off with (security_invoker = false) as select 1 as one;
create materialized view ops.stored as select 1 as one;
