set local role renderstore_owner;

drop function ops.drop_partitions();
drop function ops.make_partitions(bigint);
drop function ops.month_bound(date);
