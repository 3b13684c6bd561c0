"""How many rows something reads, as the server counts them."""

from __future__ import annotations

from collections.abc import Callable, Set

import psycopg

READ = """
select schemaname || '.' || relname, coalesce(seq_scan, 0),
    coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
from pg_catalog.pg_stat_xact_all_tables
where schemaname in ('work', 'render', 'media', 'ops', 'identity', 'audit')
"""

# Read from end to end on purpose: they stay small.
SMALL = {
    "identity.plans",
    "ops.farms",
    "ops.here",
    "work.pauses",
    "work.waits",
    "work.workers",
    "work.error_classes",
}


def read(
    conn: psycopg.Connection, act: Callable[[], object], small: Set[str] = SMALL
) -> int:
    """How many rows were read while it did this; none of them from end to end but in small tables, which do not count."""
    before = {row[0]: row[1:] for row in conn.execute(READ)}
    act()
    after = {row[0]: row[1:] for row in conn.execute(READ)}
    grown = {
        name: (
            after[name][0] - before.get(name, (0, 0))[0],
            after[name][1] - before.get(name, (0, 0))[1],
        )
        for name in after
        if name not in small
    }
    scanned = [name for name, (scans, _) in grown.items() if scans]
    assert not scanned, f"read from end to end: {scanned}"
    return sum(rows for _, rows in grown.values())
