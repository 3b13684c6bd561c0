"""A store: one database's pool, and the scopes through which everything is done.

    with connect() as store:
        with store.user(user_id) as conn:
            ...

A scope is one transaction with its role, user and actor bound. What it hands out is a plain
psycopg connection; only the scope commits.
"""

from renderstore._scope.aio.farms import AsyncFarmScope, AsyncFarmStore, aconnect_farms
from renderstore._scope.aio.store import AsyncScope, AsyncStore, aconnect
from renderstore._scope.farms import Answers, FarmPage, FarmProblem, FarmRow
from renderstore._scope.store import Ping, Store
from renderstore._scope.sync.farms import FarmScope, FarmStore, connect_farms
from renderstore._scope.sync.store import SyncScope, SyncStore, connect

__all__ = [
    "Answers",
    "AsyncFarmScope",
    "AsyncFarmStore",
    "AsyncScope",
    "AsyncStore",
    "FarmPage",
    "FarmProblem",
    "FarmRow",
    "FarmScope",
    "FarmStore",
    "Ping",
    "Store",
    "SyncScope",
    "SyncStore",
    "aconnect",
    "aconnect_farms",
    "connect",
    "connect_farms",
]
