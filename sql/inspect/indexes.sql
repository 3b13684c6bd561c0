-- Indexes that nothing has used since the statistics began, and invalid ones. A key is kept for
-- its rule, whether it is read or not.
select
    usage.schemaname || '.' || usage.indexrelname as name,
    usage.relname as on_table,
    case
        when not index.indisvalid then 'invalid: drop it and build it again'
        when index.indisunique then 'never read, keeps a rule'
        else 'never read'
    end as finding,
    usage.idx_scan as scans,
    pg_size_pretty(pg_relation_size(usage.indexrelid)) as size,
    database.stats_reset as counted_since
from pg_stat_user_indexes as usage
join pg_index as index on index.indexrelid = usage.indexrelid
join pg_stat_database as database on database.datname = current_database()
where usage.idx_scan = 0
    or not index.indisvalid
order by index.indisvalid, index.indisunique, pg_relation_size(usage.indexrelid) desc, 1
limit 100;
