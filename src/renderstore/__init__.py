"""The data layer of render farms, AI-video pipelines and media portals.

from renderstore import connect, identity

with connect() as store, store.user(user_id) as conn:
    me = identity.users.get(conn, id=user_id)
"""

from renderstore import aio, errors, identity, media, ops, render, studio, work
from renderstore._rows import Json
from renderstore._scope.aio.retry import aretry
from renderstore._scope.aio.types import aregister
from renderstore._scope.sync.retry import retry
from renderstore._scope.sync.types import register
from renderstore.errors import Error
from renderstore.store import (
    AsyncFarmStore,
    AsyncScope,
    AsyncStore,
    FarmStore,
    Ping,
    Store,
    SyncScope,
    SyncStore,
    aconnect,
    aconnect_farms,
    connect,
    connect_farms,
)

__all__ = [
    "AsyncFarmStore",
    "AsyncScope",
    "AsyncStore",
    "Error",
    "FarmStore",
    "Json",
    "Ping",
    "Store",
    "SyncScope",
    "SyncStore",
    "aconnect",
    "aconnect_farms",
    "aio",
    "aregister",
    "aretry",
    "connect",
    "connect_farms",
    "errors",
    "identity",
    "media",
    "ops",
    "register",
    "render",
    "retry",
    "studio",
    "work",
]
