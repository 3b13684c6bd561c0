-- No trigger is switched off, nor left to replication alone: a guard that does not fire guards nothing.
select format('%s on %s', pg_trigger.tgname, pg_trigger.tgrelid::regclass)
from pg_catalog.pg_trigger
join pg_catalog.pg_class on pg_class.oid = pg_trigger.tgrelid
join pg_catalog.pg_namespace on pg_namespace.oid = pg_class.relnamespace
where pg_namespace.nspowner = 'renderstore_owner'::regrole
    and not pg_trigger.tgisinternal
    and pg_trigger.tgenabled in ('D', 'R')

-- Broken by: plans_set_updated_at on identity.plans, users_set_updated_at on identity.users
alter table identity.plans disable trigger plans_set_updated_at;
alter table identity.users enable replica trigger users_set_updated_at;
