-- Loses the audit trail.

set local role renderstore_owner;

delete from ops.sweep_parts
where function_name = 'audit.clear_entries';
drop function audit.clear_entries(bigint);
drop table audit.entries;
drop function audit.keep_entries();
delete from ops.retentions
where name = 'audit_entries';
drop type audit.operation;
