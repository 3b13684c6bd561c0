"""What the tests of replicas share."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from .standbys import SERVERS, Trio, copy, three


@pytest.fixture(scope="session", params=SERVERS)
def trio(request: pytest.FixtureRequest) -> Generator[Trio]:
    """A primary and two standbys, which a test leaves as it found them."""
    with three(request.param) as made:
        yield made


@pytest.fixture
def doomed(trio: Trio) -> Generator[Trio]:
    """The same for a test that breaks them."""
    with copy(trio) as made:
        yield made


@pytest.fixture(params=["fast", "plain"])
def is_plain(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "plain")
