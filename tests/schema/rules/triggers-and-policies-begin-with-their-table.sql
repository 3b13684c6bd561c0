-- A trigger is called by its table and its effect, a policy by its table and whose it is.
select format('%s.%s', tables.violator, pg_trigger.tgname) as violator
from pg_trigger
join style.tables on tables.oid = pg_trigger.tgrelid
where not pg_trigger.tgisinternal
    and not pg_trigger.tgname ^@ (tables.name || '_')
union all
select violator
from style.policies
where not name ^@ (table_name || '_');

-- Broken by: ops.strays.touch, ops.strays.everybody
create table ops.strays (id uuid, updated_at timestamptz);
create trigger touch before update on ops.strays for each row execute function ops.set_updated_at();
create policy everybody on ops.strays to renderstore_admin using (true);
