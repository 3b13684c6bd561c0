"""Removes the files that nothing names any more, and compares what is on disk with what the rows say.

    from renderstore import connect, janitor

    with connect() as store:
        janitor.clean(store, delete=janitor.below("/srv/assets"))

A janitor acts as a worker: it claims a batch, deletes, confirms. Killed anywhere it loses nothing, since what it did
not confirm is claimed again once its lease is over, and a file that is gone already is as good as removed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from renderstore.errors import Error, UserMoving
from renderstore.media import download_files
from renderstore.ops import removals
from renderstore.store import FarmStore, SyncStore
from renderstore.studio import AssetState, assets

__all__ = ["Cleaned", "Found", "OutsideRoot", "below", "clean", "fix", "reconcile"]

Delete = Callable[[str], None]

_URI = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(/[^/\\\x00-\x1f\x7f]+)+", re.ASCII
)
_THERE = frozenset(
    {AssetState.KEPT, AssetState.EXPIRED, AssetState.DELETED, AssetState.REMOVING}
)


class OutsideRoot(Error):  # noqa: N818  (named after the rule broken)
    """A file lies outside of its owner's folder."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What a janitor did."""

    removed: int
    failed: int


@dataclass(frozen=True, slots=True)
class Found:
    """A file without a row, or a row without a file."""

    uri: str
    size_bytes: int
    is_on_disk: bool
    user_id: UUID | None = None
    id: UUID | None = None
    is_asset: bool = True
    """Whether the row is an asset's; else it is a download's."""


def clean(
    store: SyncStore,
    *,
    delete: Delete,
    name: str = "janitor",
    limit: int = 100,
    lease: timedelta = timedelta(minutes=5),
) -> Cleaned:
    """Remove what is due, a batch at a time, until nothing is; `delete` takes a URI and finds nothing strange in a missing file."""
    scope = store.worker(name)
    removed = failed = 0
    while taken := scope.run(removals.claim, limit=limit, lease=lease):
        done: list[removals.Removal] = []
        for one in taken:
            try:
                if not one.uri.startswith(f"{one.user_id}/"):
                    raise OutsideRoot(f"{one.uri} is not its owner's.")
                delete(one.uri)
            except Exception as error:
                message = f"{type(error).__name__}: {error}"
                scope.run(
                    removals.fail, user_id=one.user_id, id=one.id, message=message
                )
                failed += 1
            else:
                done.append(one)
        if done:
            removed += scope.run(
                removals.confirm,
                user_ids=[one.user_id for one in done],
                ids=[one.id for one in done],
            )
    return Cleaned(removed, failed)


def below(root: str | os.PathLike[str]) -> Delete:
    """Deletes files below a folder, each in its owner's folder there and nowhere else."""
    top = Path(root).resolve(strict=True)

    def delete(uri: str) -> None:
        path = place(top, uri)
        path.unlink(missing_ok=True)

    return delete


def place(root: Path, uri: str) -> Path:
    """Where a URI's file lies; refuses what does not lie in its owner's folder, links followed."""
    if not _URI.fullmatch(uri) or any(part in (".", "..") for part in uri.split("/")):
        raise OutsideRoot(f"{uri} is no file of ours.")
    owner = root / uri.partition("/")[0]
    path = root / uri
    # The file itself may be a link, which goes; a folder on the way must lead nowhere else.
    parent = path.parent.resolve()
    if parent != owner and owner not in parent.parents:
        raise OutsideRoot(f"{uri} lies outside of its owner's folder.")
    return path


def reconcile(
    store: SyncStore | FarmStore, root: str | os.PathLike[str]
) -> Generator[Found]:
    """Files without a row, then rows without a file. Where farms share a disk, it takes a store over all of them.

    The disk is read first: whatever is written meanwhile had its row before.
    """
    top = Path(root).resolve(strict=True)
    on_disk = dict(_files(top))
    nodes = [store] if isinstance(store, SyncStore) else [*store.nodes.values()]
    missing = [each for node in nodes for each in _missing(node, top, on_disk)]
    for uri, size in on_disk.items():
        yield Found(uri, size, is_on_disk=True)
    yield from missing


def _missing(store: SyncStore, top: Path, on_disk: dict[str, int]) -> list[Found]:
    """Rows of a node without a file; what its rows name is taken from what was found on disk."""
    scope = store.readonly(at_primary=True)
    after: tuple[UUID | None, UUID | None] = (None, None)
    missing: list[Found] = []
    while page := scope.run(
        assets.list_files, after_user_id=after[0], after_id=after[1], page_size=1000
    ):
        after = (page[-1].user_id, page[-1].id)
        for row in page:
            is_there = row.uri in on_disk or (top / row.uri).exists()
            if row.state is not AssetState.GONE:
                on_disk.pop(row.uri, None)
            # What is on its way out may be gone already.
            if (
                row.state in _THERE
                and row.state is not AssetState.REMOVING
                and (not is_there or row.missing_at is not None)
            ):
                missing.append(
                    Found(row.uri, row.size_bytes, is_there, row.user_id, row.id)
                )
    after = (None, None)
    while kept := scope.run(
        download_files.list_files,
        after_user_id=after[0],
        after_id=after[1],
        page_size=1000,
    ):
        after = (kept[-1].user_id, kept[-1].id)
        for file in kept:
            found = on_disk.pop(file.path, None)
            if found is None and not (top / file.path).exists():
                missing.append(
                    Found(
                        file.path,
                        file.size_bytes or 0,
                        is_on_disk=False,
                        is_asset=False,
                        user_id=file.user_id,
                        id=file.id,
                    )
                )
    after = (None, None)
    while queued := scope.run(
        removals.list, after_user_id=after[0], after_id=after[1], page_size=1000
    ):
        after = (queued[-1].user_id, queued[-1].id)
        for entry in queued:
            on_disk.pop(entry.uri, None)
    return missing


def fix(store: SyncStore | FarmStore, found: Found) -> bool:
    """Queues a stray file for the janitor, or marks a row whose file is missing, or is there again. A download's may be fetched anew.

    It does neither for a user who moves to another farm just now.
    """
    try:
        return _fix(store, found)
    except UserMoving:
        return False


def _fix(store: SyncStore | FarmStore, found: Found) -> bool:
    scope = store.admin(reason="renderstore reconcile")
    if not found.is_asset and found.user_id is not None and found.id is not None:
        return scope.run(
            download_files.mark_missing, user_id=found.user_id, id=found.id
        )
    if found.user_id is None or found.id is None:
        return _URI.fullmatch(found.uri) is not None and scope.run(
            removals.queue_stray, uri=found.uri, size_bytes=found.size_bytes
        )
    return bool(
        scope.run(
            assets.mark_missing,
            user_id=found.user_id,
            id=found.id,
            is_missing=not found.is_on_disk,
        )
    )


def _files(root: Path) -> Iterator[tuple[str, int]]:
    """Every file below a folder, links not followed, with its size."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            yield path.relative_to(root).as_posix(), path.lstat().st_size
