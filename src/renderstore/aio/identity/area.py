"""What concerns the area as a whole.

Generated from sql/queries/identity/area.sql by `just generate`; do not edit.
"""

from psycopg import AsyncConnection as _AsyncConnection

from renderstore._queries import load as _load
from renderstore._scope.aio.run import one as _one
from renderstore.identity.area import SweepRow

_sql = _load("identity", "area")


async def sweep(conn: _AsyncConnection[object], *, max_rows: int) -> SweepRow:
    """How many rows of each kind were cleared, at most max_rows of each: expired ones,
    what deactivated users have
    left to come in with, and what erased users own. Run it until all are 0.
    """
    return await _one(conn, _sql["sweep"], {"max_rows": max_rows}, SweepRow)
