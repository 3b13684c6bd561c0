"""One store a process, for those who want a singleton.

    from renderstore.shared import store

    with store().user(user_id) as conn:
        ...

Safe in threads. After a fork the child opens connections of its own. A development server
that imports modules anew finds the store that is open, so reloading leaves no pools behind.
"""

from __future__ import annotations

import sys
import threading
from types import ModuleType
from typing import cast

from renderstore import settings
from renderstore.store import SyncStore, connect

# A reloading server drops modules and imports them again: what must survive that is kept under a
# name that belongs to no file.
_HOLDER = "_renderstore_shared"


class _Holder(ModuleType):
    def __init__(self) -> None:
        super().__init__(_HOLDER)
        self.lock = threading.RLock()
        self.store: SyncStore | None = None


def _holder() -> _Holder:
    # After a reload the class of the kept one is another, of the same shape.
    return cast(_Holder, sys.modules.setdefault(_HOLDER, _Holder()))


def store() -> SyncStore:
    """The process's store, on DATABASE_URL; another one if that changed since."""
    holder = _holder()
    with holder.lock:
        kept = holder.store
        wanted = settings.load()
        if kept is not None and type(kept) is SyncStore and kept.settings == wanted:
            return kept
        holder.store = connect()
        if kept is not None:
            kept.close()
        return holder.store


def close() -> None:
    """Close the process's store, if there is one."""
    holder = _holder()
    with holder.lock:
        kept, holder.store = holder.store, None
    if kept is not None:
        kept.close()
