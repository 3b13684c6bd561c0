-- Whoever acts for one of many may lock no table: who may update, delete from, truncate or maintain a whole one may, and
-- everybody else waits. A right to update single columns gives no such lock.
select
    violator,
    format('%s to %s', lower(privilege), role) as detail
from style.grants
where column_name is null
    and privilege in ('UPDATE', 'DELETE', 'TRUNCATE', 'MAINTAIN')
    and role in ('public', 'renderstore_app', 'renderstore_worker', 'renderstore_readonly');

-- Broken by: work.strays, work.shown
create table work.strays (user_id uuid, n integer);
create table work.counted (user_id uuid, n integer);
create view work.shown as select * from work.strays;
grant update on work.strays to renderstore_worker;
grant delete on work.shown to renderstore_app;
grant update (n), insert on work.counted to renderstore_app;
