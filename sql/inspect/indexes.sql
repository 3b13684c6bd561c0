-- Indexes that nothing has used since the statistics began, and invalid ones. A key is kept for
-- its rule, whether it is read or not.
select
    format(E'%s\n  of %s.%s', left(usage.indexrelname, 40), usage.schemaname, left(usage.relname, 30)) as index,
    case
        when not index.indisvalid then E'invalid: drop it\nand build it again'
        when index.indisunique then E'never read,\nkeeps a rule'
        else 'never read'
    end as finding,
    pg_size_pretty(pg_relation_size(usage.indexrelid)) as size,
    database.stats_reset::date as since
from pg_stat_user_indexes as usage
join pg_index as index on index.indexrelid = usage.indexrelid
join pg_stat_database as database on database.datname = current_database()
where usage.idx_scan = 0
    or not index.indisvalid
order by index.indisvalid, index.indisunique, pg_relation_size(usage.indexrelid) desc, 1
limit 100;
