"""What every test may share."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.queries.identity.filler import fill as identity

from renderstore.testing.servers import Filler


@pytest.fixture(scope="session")
def fillers() -> Sequence[Filler]:
    """What fills the large database, a room after the other: later ones need earlier ones' rows."""
    return (identity,)
