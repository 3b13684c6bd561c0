"""What looks slow, and why: sentences for a person, the costliest first."""

from __future__ import annotations

from collections.abc import Iterator

from renderstore._bench.measuring import Report
from renderstore._hints import hint

SLOW_TRIP_MS = 2.0
SLOW_CONNECT_MS = 50.0
SLOW_FLUSH_MS = 5.0
SLOW_READ_MS = 20.0
SLOW_WRITE_MS = 20.0
LEAST_HITS = 0.95
# A database that was just started has read little, and most of that from the disk.
ENOUGH_READS = 10_000


def findings(report: Report) -> list[str]:
    """Nothing, where nothing looks slow."""
    return [
        *_network(report),
        *_commits(report),
        *_statements(report),
        *_memory(report),
        *_tables(report),
        *_sessions(report),
    ]


def _network(report: Report) -> Iterator[str]:
    trip = report.median_ms("trip") or 0.0
    late = report.p99_ms("trip") or 0.0
    if trip > SLOW_TRIP_MS:
        yield (
            f"A round trip takes {trip:.1f} ms: that is the network, and each statement pays it. A scope with"
            f" three statements costs four, {4 * trip:.0f} ms, `run` one. Let the program run beside the"
            " database, and ask for many rows in one statement."
        )
    elif late > 5 and late > 10 * trip:
        yield (
            f"One round trip in a hundred takes {late:.1f} ms, most take {trip:.2f}: the network drops packets, or"
            " one of the two machines is busy."
        )
    connect = report.median_ms("connect") or 0.0
    if connect > SLOW_CONNECT_MS and connect > 10 * trip:
        yield (
            f"To connect takes {connect:.0f} ms, as long as {connect / max(trip, 0.01):.0f} round trips: name"
            " resolution, TLS or a slow password check. Keep connections open, as a store's pool does."
        )


def _commits(report: Report) -> Iterator[str]:
    ground = report.ground
    if not ground.fsync:
        yield "fsync is off: a crash of the machine may lose the whole database. Nothing but a test may run so."
    if ground.synchronous_commit == "off":
        yield "synchronous_commit is off: a commit does not wait for the disk, and a crash loses the last ones."
    commit, trip = report.median_ms("commit"), report.median_ms("trip")
    if commit is None or trip is None or commit - trip <= SLOW_FLUSH_MS:
        return
    waits = (
        "the disk or for a standby (synchronous_standby_names)"
        if ground.synchronous_standby_names and ground.synchronous_commit != "local"
        else "the disk"
    )
    yield (
        f"A commit waits {commit - trip:.1f} ms for {waits}: one user submits at most"
        f" {1000 / commit:.0f} times a second. pg_test_fsync on the server says what its disk can do;"
        " submit_many and finish_many share one commit."
    )


def _statements(report: Report) -> Iterator[str]:
    trip = report.median_ms("trip") or 0.0
    page, counts = report.median_ms("page"), report.median_ms("counts")
    if page is not None and page - 2 * trip > SLOW_READ_MS:
        yield (
            f"A page of jobs takes {page:.0f} ms, {page - 2 * trip:.0f} of them in the server:"
            f" {hint('slow')} and `:vacuum` in {hint('psql')} say more."
        )
    if counts is not None and counts - 2 * trip > SLOW_READ_MS:
        yield (
            f"To count the jobs of the busiest user takes {counts:.0f} ms, {counts - 2 * trip:.0f} of them in the"
            " server: it counts all that were kept. A plan's keep_ended_jobs_days lets old ones go."
        )
    for name in ("submit", "claim", "finish"):
        took = report.median_ms(name)
        if took is not None and took > SLOW_WRITE_MS:
            yield (
                f"To {name} a job takes {took:.0f} ms in the server, some 2 are usual: dead rows, an old snapshot"
                f" or a busy machine. `:vacuum` and `:running` in {hint('psql')} say which."
            )
    if report.compiles:
        yield (
            "The server compiles a user's counts (JIT), which takes longer than to run them: alter system set jit ="
            " off; select pg_reload_conf();"
        )


def _memory(report: Report) -> Iterator[str]:
    ground = report.ground
    read = ground.hits + ground.reads
    if ground.reads > ENOUGH_READS and ground.hits < LEAST_HITS * read:
        yield (
            f"Of what is read {ground.hits / read:.0%} was in shared_buffers; below {LEAST_HITS:.0%} it is too"
            " small for what is asked, or the server was started lately."
        )
    if (
        ground.shared_buffers_bytes <= 128 << 20
        and ground.database_bytes > 8 * ground.shared_buffers_bytes
    ):
        yield (
            f"shared_buffers is {ground.shared_buffers_bytes >> 20} MB, as PostgreSQL comes, and the database"
            f" {ground.database_bytes / (1 << 30):.1f} GB: a quarter of the machine's memory is usual."
        )


def _tables(report: Report) -> Iterator[str]:
    ground = report.ground
    unknown = [each.name for each in ground.tables if not each.is_analyzed]
    behind = [each for each in ground.tables if each.is_behind]
    if unknown:
        yield (
            f"Never analyzed: {', '.join(unknown[:5])}{' and others' if len(unknown) > 5 else ''}. The planner"
            " guesses; as the migrating login, type: analyze;"
        )
    if not ground.autovacuum:
        yield "autovacuum is off: dead rows stay, and every statement gets slower."
    for each in behind[:3]:
        yield (
            f"{each.name} has {each.dead_rows} dead rows beside {each.rows}: autovacuum is behind, or an old"
            " transaction keeps them (:vacuum shows which)."
        )


def _sessions(report: Report) -> Iterator[str]:
    ground = report.ground
    if ground.oldest_transaction_s is not None and ground.oldest_transaction_s > 600:
        yield (
            f"A transaction has been open for {ground.oldest_transaction_s / 60:.0f} minutes: no dead row after its"
            " begin is cleared (:running shows whose it is)."
        )
    if ground.connections > 0.8 * ground.max_connections:
        yield (
            f"{ground.connections} of {ground.max_connections} connections are taken: soon somebody is refused."
            " :connections shows whose they are."
        )
    if ground.is_pooled:
        yield (
            "A pooler stands between: its own time is in every figure but the server's. Measure with the server's"
            " own address to tell the two apart."
        )
