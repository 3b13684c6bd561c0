set local role renderstore_owner;

drop function ops.take(text, integer);
drop function ops.counts_at(ops.rate_limits, bigint);
drop function ops.total(integer[]);
drop function ops.moved_counts(integer[], bigint);
drop domain ops.cost;
