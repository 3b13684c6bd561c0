"""work.dependencies: jobs that wait for other jobs of their owner."""

from __future__ import annotations

from threading import Thread
from uuid import UUID

import psycopg
import pytest
from tests.concurrency.queueing import settle
from tests.factories import Job, acting, job, look, plans, status, take, users

from renderstore import render
from renderstore.errors import Invalid, NotFound, TransitionRefused
from renderstore.store import SyncStore
from renderstore.testing import Database
from renderstore.work import DependencyRule, jobs


def submit(
    store: SyncStore,
    user_id: UUID,
    *needs: Job,
    on_failure: DependencyRule = DependencyRule.CANCEL,
) -> Job:
    """A render job that waits for those."""
    made = store.user(user_id).run(
        render.jobs.submit,
        output_path="/renders/a.mov",
        project_path="/projects/a.aep",
        needs_job_ids=[one.id for one in needs],
        on_failure=on_failure,
    )
    return Job(user_id, made.id)


def run(database: Database, store: SyncStore, made: Job) -> None:
    """A worker takes this job by hand and completes it."""
    take(database, made)
    store.worker("mac-1").run(jobs.finish, **made.key, attempt=1)


def test_a_chain_runs_in_its_order(database: Database, store: SyncStore) -> None:
    user_id = users.make(database)
    first = submit(store, user_id)
    second = submit(store, user_id, first)
    third = submit(store, user_id, second)
    every = [first, second, third]
    assert [status(database, one) for one in every] == ["queued", "pending", "pending"]
    run(database, store, first)
    assert [status(database, one) for one in every] == [
        "completed",
        "queued",
        "pending",
    ]
    run(database, store, second)
    assert status(database, third) == "queued"


def test_the_end_of_a_diamond_waits_for_both_sides(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    top = submit(store, user_id)
    left, right = submit(store, user_id, top), submit(store, user_id, top)
    end = submit(store, user_id, left, right)
    for one in (top, left):
        run(database, store, one)
        assert status(database, end) == "pending"
    run(database, store, right)
    assert status(database, end) == "queued"


def test_a_completed_parent_holds_nobody_back(
    database: Database, store: SyncStore
) -> None:
    done = job(database, "completed")
    assert status(database, submit(store, done.user_id, done)) == "queued"


@pytest.mark.parametrize("ended", ["failed", "cancelled"])
def test_a_parent_that_ended_badly_decides_at_once(
    database: Database, store: SyncStore, ended: str
) -> None:
    lost = job(database, ended)
    cancelled = submit(store, lost.user_id, lost)
    waits = submit(store, lost.user_id, lost, on_failure=DependencyRule.WAIT)
    assert status(database, cancelled) == "cancelled"
    assert status(database, waits) == "pending"


@pytest.mark.parametrize("ended", ["failed", "cancelled"])
def test_dependants_are_cancelled_or_wait_as_told(
    database: Database, store: SyncStore, ended: str
) -> None:
    parent = job(database)
    user_id = parent.user_id
    cancelled = submit(store, user_id, parent)
    waits = submit(store, user_id, parent, on_failure=DependencyRule.WAIT)
    hangs_on_cancelled = submit(store, user_id, cancelled)
    if ended == "cancelled":
        store.user(user_id).run(jobs.cancel, id=parent.id)
    else:
        take(database, parent)
        store.worker("mac-1").run(
            jobs.fail, **parent.key, attempt=1, error_class="invalid"
        )
    assert status(database, cancelled) == "cancelled"
    assert status(database, hangs_on_cancelled) == "cancelled"
    assert status(database, waits) == "pending"
    reason = store.user(user_id).run(jobs.get, id=cancelled.id).cancel_reason
    assert reason == "A job that it needs did not complete."


def test_who_waited_goes_on_when_the_parent_is_tried_again(
    database: Database, store: SyncStore
) -> None:
    parent = job(database)
    mine = store.user(parent.user_id)
    waits = submit(store, parent.user_id, parent, on_failure=DependencyRule.WAIT)
    lost = submit(store, parent.user_id, parent)
    mine.run(jobs.cancel, id=parent.id)
    mine.run(jobs.try_again, id=parent.id)
    # It needs what has not completed yet.
    assert mine.run(jobs.try_again, id=lost.id).status == "pending"
    run(database, store, parent)
    assert [status(database, one) for one in (waits, lost)] == ["queued", "queued"]


def test_a_deleted_parent_holds_nobody_back(
    database: Database, store: SyncStore
) -> None:
    parent = job(database)
    waits = submit(store, parent.user_id, parent)
    assert store.user(parent.user_id).run(jobs.delete, id=parent.id) == 1
    assert status(database, waits) == "queued"


def test_what_hangs_on_a_job_that_is_cancelled_by_an_unlink_is_cancelled_too(
    database: Database, store: SyncStore
) -> None:
    lost = job(database)
    user_id = lost.user_id
    other = submit(store, user_id)
    middle = submit(store, user_id, lost, other)
    last = submit(store, user_id, middle)
    take(database, lost)
    with psycopg.connect(database.admin_url) as conn:
        # Whoever fails it passes over what somebody holds, and leaves that to the sweep.
        conn.execute("select from work.jobs where id = %s for update", [middle.id])
        store.worker("mac-1").run(
            jobs.fail, **lost.key, attempt=1, error_class="invalid"
        )
    assert [status(database, one) for one in (middle, last)] == ["pending", "pending"]
    with store.user(user_id) as conn:
        conn.execute("select work.unlink(%s, array[%s::uuid])", [middle.id, other.id])
    assert [status(database, one) for one in (middle, last)] == [
        "cancelled",
        "cancelled",
    ]
    assert settle(database) == []


def test_a_job_that_must_also_wait_for_its_time_stays_pending(
    database: Database, store: SyncStore
) -> None:
    parent = job(database)
    made = store.user(parent.user_id).run(
        render.jobs.submit,
        output_path="/renders/a.mov",
        project_path="/projects/a.aep",
        needs_job_ids=[parent.id],
    )
    waits = Job(parent.user_id, made.id)
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "update work.jobs set due_at = now() + interval '1 hour' where id = %s",
            [waits.id],
        )
    run(database, store, parent)
    assert status(database, waits) == "pending"
    assert store.user(parent.user_id).run(jobs.set_due, id=waits.id).status == "queued"


def test_an_unknown_job_cannot_be_waited_for(
    database: Database, store: SyncStore
) -> None:
    user_id = users.make(database)
    with pytest.raises(NotFound, match="no such job of yours to wait for"):
        submit(store, user_id, Job(user_id, UUID(int=1)))
    assert look(database, "select * from work.jobs") == []


def test_somebody_elses_job_cannot_be_waited_for(
    database: Database, store: SyncStore
) -> None:
    theirs = job(database)
    with pytest.raises(NotFound, match="no such job of yours to wait for"):
        submit(store, users.make(database), theirs)


def test_no_circle_can_be_made(database: Database, store: SyncStore) -> None:
    first = job(database)
    second = submit(store, first.user_id, first)
    for later in (second, first):
        with pytest.raises(Invalid, match="submitted before it"):
            store.user(first.user_id).run(
                jobs.link, id=first.id, needs_job_ids=[later.id]
            )


@pytest.mark.parametrize("begun", ["running", "completed", "failed", "cancelled"])
def test_what_has_begun_waits_for_nothing_more(
    database: Database, store: SyncStore, begun: str
) -> None:
    first = job(database)
    second = job(database, begun, user_id=first.user_id)
    with pytest.raises(TransitionRefused, match="this one has begun"):
        store.user(first.user_id).run(jobs.link, id=second.id, needs_job_ids=[first.id])


def test_plain_sql_links_jobs_in_one_transaction(database: Database) -> None:
    parent = job(database)
    with acting(database, "app", parent.user_id) as conn:
        row = conn.execute(
            "insert into render.jobs (project_path, output_path)"
            " values ('/a.aep', '/a.mov') returning id"
        ).fetchone()
        assert row is not None
        conn.execute("select work.link(%s, array[%s])", [row[0], parent.id])
    assert status(database, Job(parent.user_id, row[0])) == "pending"


def test_taking_a_link_away_releases_the_job(
    database: Database, store: SyncStore
) -> None:
    parent = job(database)
    waits = submit(store, parent.user_id, parent)
    mine = store.user(parent.user_id)
    assert mine.run(jobs.unlink, id=waits.id, needs_job_ids=[parent.id]) == 1
    assert status(database, waits) == "queued"


def test_two_parents_that_complete_together_release_their_child(
    database: Database, store: SyncStore
) -> None:
    for _ in range(10):
        user_id = users.make(database)
        parents = [submit(store, user_id) for _ in range(2)]
        child = submit(store, user_id, *parents)
        for one in parents:
            take(database, one)
        threads = [
            Thread(
                target=store.worker("mac-1").run,
                args=[jobs.finish],
                kwargs={**one.key, "attempt": 1},
            )
            for one in parents
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # Who met the child locked has left a note.
        assert settle(database) == []
        assert status(database, child) == "queued"


def test_a_parent_that_completes_while_it_is_linked_is_not_waited_for(
    database: Database, store: SyncStore
) -> None:
    parent = job(database, "running")
    with psycopg.connect(database.url) as finishing:
        finishing.execute(
            "select identity.bind('renderstore_worker', null, 'worker:mac-1')"
        )
        finishing.execute("select work.finish(%s, %s, 1)", [parent.user_id, parent.id])
        # Neither waits for the other: the submission does not see the end, the end not the link.
        made = submit(store, parent.user_id, parent)
        assert status(database, made) == "pending"
        assert settle(database) == []
        finishing.commit()
    assert settle(database) == []
    assert status(database, made) == "queued"


def test_a_job_that_is_linked_while_its_parent_completes_is_released(
    database: Database, store: SyncStore
) -> None:
    parent = job(database, "running")
    with psycopg.connect(database.url) as linking:
        linking.execute(
            "select identity.bind('renderstore_app', %s, 'x')", [parent.user_id]
        )
        row = linking.execute(
            "select id from render.submit('/a.mov', project_path => '/a.aep',"
            " needs_job_ids => array[%s])",
            [parent.id],
        ).fetchone()
        assert row is not None
        store.worker("mac-1").run(jobs.finish, **parent.key, attempt=1)
        assert status(database, parent) == "completed"
        linking.commit()
    made = Job(parent.user_id, row[0])
    assert status(database, made) == "pending"
    assert settle(database) == []
    assert status(database, made) == "queued"


def test_a_chain_of_a_thousand_is_cancelled(
    database: Database, store: SyncStore
) -> None:
    head = job(database, user_id=users.make(database, plan_id=plans.make(database)))
    with psycopg.connect(database.admin_url) as conn:
        parent = head.id
        for _ in range(999):
            row = conn.execute(
                "select id from work.submit(%s, 'render', needs_job_ids => array[%s])",
                [head.user_id, parent],
            ).fetchone()
            assert row is not None
            conn.execute(
                "insert into render.specs (user_id, job_id, project_path, output_path)"
                " values (%s, %s, '/a.aep', '/a.mov')",
                [head.user_id, row[0]],
            )
            parent = row[0]
    store.user(head.user_id).run(jobs.cancel, id=head.id)
    # A call does as much as nobody has to wait for; the sweep does the rest.
    assert settle(database) == []
    assert look(
        database, "select status::text, count(*) from work.jobs group by 1"
    ) == [("cancelled", 1000)]
