"""A worker for media.downloads around yt-dlp: it fetches playlists, file by file.

    pip install yt-dlp
    python downloads.py mac-mini-1 /srv/media

Each file lies below ROOT in the folder of its owner and its download. A file that breaks fails no other one; whoever takes
the download over goes on after the last file that is kept. YTDLP_OPTIONS holds further options for yt-dlp.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from renderstore import connect
from renderstore.media import FileState, download_files, downloads
from renderstore.media.downloads import Download
from renderstore.store import SyncStore
from renderstore.work import JobKind
from renderstore.worker import Job, RenderFailed, run_worker

YTDLP = [sys.executable, "-m", "yt_dlp", "--quiet", "--no-warnings"]
# What of its options a user may choose: they are words for yt-dlp's command line.
FORMAT = re.compile(r"[\w\[\]()<>=+*/,:.-]{1,200}")
CLASSES = {
    "storage": re.compile(r"No space left|Permission denied|Read-only file system"),
    "missing": re.compile(r"HTTP Error 4(04|10)|unavailable|[Pp]rivate video|removed"),
    "timeout": re.compile(r"timed out"),
    "network": re.compile(r"HTTP Error|Unable to (download|connect)|Connection"),
    "invalid": re.compile(r"Unsupported URL|is not a valid URL|Requested format"),
}


class Broken(Exception):  # noqa: N818 (it is the outcome, not the rule)
    """What yt-dlp said when it ended without a file."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said.strip()[-900:] or "yt-dlp ended without a file."
        self.error_class = next(
            (name for name, words in CLASSES.items() if words.search(said)), "unknown"
        )


class Stopped(Exception):  # noqa: N818 (as above)
    """The job is cancelled or lost, or this worker shuts down."""


class Fetch:
    """One download."""

    def __init__(self, store: SyncStore, name: str, root: Path, job: Job) -> None:
        self.job = job
        self.worker = store.worker(name)
        self.key: dict[str, Any] = {
            "user_id": job.user_id,
            "id": job.id,
            "attempt": job.attempt,
        }
        self.root = root
        self.folder = root / str(job.user_id) / str(job.id)
        self.spec = job.spec(Download)

    def run(self) -> None:
        """Find what the playlist has, and fetch what is wanted of it."""
        try:
            playlist = json.loads(
                self.ytdlp("--flat-playlist", "-J", self.spec.playlist_url)
            )
        except Broken as broken:
            raise RenderFailed(broken.said, error_class=broken.error_class) from broken
        if self.spec.playlist_title is None and playlist.get("title"):
            self.worker.run(
                downloads.describe, **self.key, playlist_title=playlist["title"]
            )
        entries = dict(named(playlist))
        found = self.worker.run(
            download_files.report,
            **self.key,
            video_ids=list(entries),
            titles=[str(entry.get("title") or "") for entry in entries.values()],
        )
        for number, file in enumerate(found):
            if file.is_wanted:
                self.fetch(file.video_id, entries[file.video_id])
            self.job.progress(100 * (number + 1) / len(found))

    def fetch(self, video_id: str, entry: dict[str, Any]) -> None:
        """Fetch one file, and say what became of it."""
        self.report(video_id, FileState.DOWNLOADING)
        given = self.spec.options
        chosen = str(given.get("format", "")) if isinstance(given, Mapping) else ""
        options = ["-f", chosen] if FORMAT.fullmatch(chosen) else []
        try:
            said = self.ytdlp(
                *options,
                *("--no-playlist", "--no-simulate", "--print", "after_move:filepath"),
                *("-P", str(self.folder), "-o", "%(title).100B [%(id).60B].%(ext)s"),
                entry["url"],
            )
            path = Path(said.splitlines()[-1])
            uri = path.resolve().relative_to(self.root.resolve()).as_posix()
            told = self.report(
                video_id,
                FileState.KEPT,
                paths=[uri],
                sizes_bytes=[path.stat().st_size],
            )
        except Broken as broken:
            self.job.log(f"{video_id}: {broken.said}\n")
            self.report(
                video_id,
                FileState.FAILED,
                error_classes=[broken.error_class],
                error_messages=[broken.said],
            )
        else:
            self.job.log(f"{video_id}: {told}\n")

    def report(self, video_id: str, state: FileState, **more: Any) -> FileState:
        [told] = self.worker.run(
            download_files.report,
            **self.key,
            video_ids=[video_id],
            states=[state],
            **more,
        )
        return told.state

    def ytdlp(self, *arguments: str) -> str:
        """What yt-dlp printed. It ends with the job."""
        extra = shlex.split(os.environ.get("YTDLP_OPTIONS", ""))
        # A URL is no option, whatever it begins with.
        command = [*YTDLP, *extra, *arguments[:-1], "--", arguments[-1]]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as running:
            while True:
                try:
                    printed, said = running.communicate(timeout=0.2)
                    break
                except subprocess.TimeoutExpired:
                    if self.job.should_stop.is_set():
                        running.terminate()
                        raise Stopped from None
        if running.returncode or not printed.strip():
            raise Broken(said)
        return printed


def named(playlist: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each entry by its id; one video alone is a playlist of one."""
    alone = [{"url": playlist["webpage_url"], **playlist}]
    for entry in playlist.get("entries", alone):
        if entry and entry.get("url"):
            yield str(entry.get("id") or entry["url"])[-200:], entry


def main(name: str, root: str, *options: str) -> None:
    """Work until Ctrl-C or SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with connect() as store:

        def fetch(job: Job) -> Sequence[Any]:
            try:
                Fetch(store, name, Path(root), job).run()
            except Stopped:
                job.log(f"stopped: {job.reason}\n")
            return ()

        run_worker(
            store,
            name,
            fetch,
            kinds=[JobKind.DOWNLOAD],
            version="downloads.py 1",
            stop_when_empty="--until-empty" in options,
        )


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: downloads.py NAME ROOT [--until-empty]")
    main(*sys.argv[1:])
