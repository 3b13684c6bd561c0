"""The portal's figures: what a worker's reports of files cost beside bare updates.

    just bench media [--rounds 7] [--smoke]

Both ways run in turn, in one run; what counts is the ratio within a round.
"""

from __future__ import annotations

import sys
import time
from typing import Any
from uuid import UUID

import psycopg
from bench.ground import Ground, ground
from bench.rounds import Promise, asked, compare

from renderstore import connect, media, work
from renderstore.media import FileState
from renderstore.work import JobKind

FILES = 1000
BARE = """
create table bare (id text primary key, state text not null, path text, size_bytes bigint);
insert into bare select 'v' || n, 'found' from generate_series(1, 1000) as n
"""
UPDATE = "update bare set state = 'kept', path = %s, size_bytes = 1 where id = %s"


def report(place: Ground, rounds: int) -> bool:
    """A thousand files, one after the other and at once, each way committed; files a second."""
    names = [f"v{number}" for number in range(1, FILES + 1)]
    database = place.server.clone()
    with (
        place.lent(database),
        psycopg.connect(database.admin_url, autocommit=True) as owner,
        connect(database.url) as store,
    ):
        owner.execute(BARE.encode())
        row = owner.execute(
            "insert into identity.users (email) values ('a@example.org') returning id"
        ).fetchone()
        assert row is not None
        user_id: UUID = row[0]
        paths = [f"{user_id}/{name}.mp4" for name in names]
        states, sizes = [FileState.KEPT] * FILES, [1] * FILES
        worker = store.worker("bench")
        worker.run(work.workers.register, kinds=[JobKind.DOWNLOAD], labels=[])

        def held() -> dict[str, Any]:
            """A download whose files are found."""
            store.user(user_id).run(
                media.downloads.submit, playlist_url="https://example.org/list"
            )
            [job] = worker.run(media.downloads.claim, limit=1)
            key: dict[str, Any] = {
                "user_id": job.user_id,
                "id": job.id,
                "attempt": job.attempt,
            }
            worker.run(media.download_files.report, **key, video_ids=names)
            return key

        def kept(key: dict[str, Any], at: slice) -> None:
            told = worker.run(
                media.download_files.report,
                **key,
                video_ids=names[at],
                states=states[at],
                paths=paths[at],
                sizes_bytes=sizes[at],
            )
            assert all(one.state is FileState.KEPT for one in told)

        def bare_one_by_one() -> float:
            start = time.perf_counter()
            for name in names:
                owner.execute(UPDATE, [name, name])
            return FILES / (time.perf_counter() - start)

        def one_by_one() -> float:
            key = held()
            start = time.perf_counter()
            for number in range(FILES):
                kept(key, slice(number, number + 1))
            took = time.perf_counter() - start
            worker.run(media.downloads.finish, **key)
            return FILES / took

        def bare_at_once() -> float:
            start = time.perf_counter()
            with owner.transaction(), owner.cursor() as cursor:
                cursor.executemany(UPDATE, [[name, name] for name in names])
            return FILES / (time.perf_counter() - start)

        def at_once() -> float:
            key = held()
            start = time.perf_counter()
            kept(key, slice(None))
            took = time.perf_counter() - start
            worker.run(media.downloads.finish, **key)
            return FILES / took

        return compare(
            f"Report {FILES} files",
            {
                "bare updates, a commit each": bare_one_by_one,
                "reports, one by one": one_by_one,
                "bare updates in one transaction": bare_at_once,
                "one report": at_once,
            },
            [
                Promise("reports, one by one", "bare updates, a commit each", 0.5),
                Promise("one report", "bare updates in one transaction", 0.5),
            ],
            rounds=rounds,
            unit="files/s",
        )


def main() -> None:
    """Run it; fail where a promise was not kept."""
    what = asked(__doc__)
    with ground() as place:
        kept = report(place, what.rounds)
    sys.exit(not what.is_smoke and not kept)


if __name__ == "__main__":
    main()
