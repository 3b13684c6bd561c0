"""Whether a database is meant for the demo: nobody's real account, no job that its workers would take from others, no other demo."""

from __future__ import annotations

from renderstore._demo.cast import GPU, LABEL, PEOPLE, WORKERS
from renderstore.store import SyncStore

# Addresses under these names can belong to nobody (RFC 2606, RFC 6761).
_NOBODYS = r"@(.*\.)?(example\.(com|net|org)|example|invalid|localhost|test)$"

_STRANGERS = """
select
    coalesce(users.email, users.name, users.id::text) as who,
    count(*) over () as people
from identity.users
where users.status <> 'deactivated' and (users.email ~* %s) is not true
order by users.id
limit 1
"""

# A worker takes whatever asks for no label that it does not offer.
_WAITING = """
select count(*)
from work.jobs
join identity.users on users.id = jobs.user_id
where jobs.status in ('pending', 'validating', 'queued')
    and jobs.labels <@ %s::text[]
    and (users.email = any(%s)) is not true
"""

_AT_WORK = """
select workers.name
from work.workers
where workers.name = any(%s)
    and workers.stopped_at is null
    and workers.seen_at > now() - interval '10 seconds'
order by workers.name
limit 1
"""


def why_not(store: SyncStore) -> str | None:
    """Why the demo must not run here, in a sentence; None where it may."""
    with store.readonly() as conn:
        stranger = conn.execute(_STRANGERS, [_NOBODYS]).fetchone()
        waiting = conn.execute(
            _WAITING, [[LABEL, GPU], [each.email for each in PEOPLE]]
        ).fetchone()
        at_work = conn.execute(_AT_WORK, [[each.name for each in WORKERS]]).fetchone()
    if stranger is not None:
        who, people = stranger
        others = f" and {people - 1} more" if people > 1 else ""
        return f"it holds real accounts ({who}{others})"
    if waiting is not None and waiting[0]:
        return (
            "its workers would take jobs of others that wait here, and render nothing"
            f" ({waiting[0]} of them: cancel them, or have your own workers take them first)"
        )
    if at_work is not None:
        return (
            f"a demo is at work here already, or was killed a moment ago: {at_work[0]}"
            " was heard of in the last 10 seconds"
        )
    return None
