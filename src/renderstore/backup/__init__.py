"""A backup that holds every row of its snapshot, and a restored database whose walls stand.

pg_dump and pg_restore do the work. What they do not ask is asked here: whether the login sees every row,
whether the dump holds what was counted in the very snapshot, whether the copy is as closed as the original.
"""

from __future__ import annotations

from renderstore.backup._dump import take
from renderstore.backup._manifest import BackupFailed, Manifest
from renderstore.backup._prove import Unproven
from renderstore.backup._restore import Restored, restore

__all__ = ["BackupFailed", "Manifest", "Restored", "Unproven", "restore", "take"]
