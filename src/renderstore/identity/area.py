"""What concerns the area as a whole.

Generated from sql/queries/identity/area.sql by `just generate`; do not edit.
"""

from psycopg import Connection as _Connection

from renderstore._queries import load as _load
from renderstore._rows import row as _row
from renderstore._scope.sync.run import one as _one

_sql = _load("identity", "area")


@_row
class SweepRow:
    """What sweep gives."""

    web_sessions: int
    session_tokens: int
    api_tokens: int
    verification_tokens: int
    macos_accounts: int
    owners: int


def sweep(conn: _Connection[object], *, max_rows: int) -> SweepRow:
    """How many rows of each kind were cleared, at most max_rows of each: expired ones,
    what deactivated users have
    left to come in with, and what erased users own. Run it until all are 0.
    """
    return _one(conn, _sql["sweep"], {"max_rows": max_rows}, SweepRow)
