-- The house's health. Store.health() measures what a caller alone can, and asks this.

-- name: measure(callers)
-- Every measure with its verdict, in the order of ops.health_rules; what the role may not see is unknown.
-- row: HealthMeasure
-- null: callers? name! verdict! value? unit! sentence! remedy!
select
    name,
    verdict,
    value,
    unit,
    sentence,
    remedy
from ops.health(coalesce(:callers::jsonb, '{}'));

-- name: applied_migrations()$
-- The migrations that yoyo applied to this database; null where the role may not see them.
-- null: migrations?
select ops.applied_migrations() as migrations;

-- name: slowest_statements(max_rows, with_inner)
-- The statements that cost the most time in all, ours by their queries' names, 20 if not said otherwise; none where the server does not count or the role may not see.
-- row: SlowStatement
-- null: max_rows? with_inner? name? text! calls! total_ms! mean_ms! rows! share! is_inner!
select
    name,
    text,
    calls,
    total_ms,
    mean_ms,
    rows,
    share,
    is_inner
from ops.slowest_statements(
    coalesce(:max_rows::bigint, 20),
    coalesce(:with_inner::boolean, false)
);

-- name: uncounted_because()$
-- Why the role does not know which statements cost the most; null where it does.
-- null: reason?
select ops.uncounted_because() as reason;
