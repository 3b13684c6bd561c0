"""The studio's figures: what its policies cost, what a list in one call saves, and Prisma beside it.

    just bench studio [case…] [--rounds 7] [--smoke]

Every way of a case runs in turn, in one run; what counts is the ratio within a round.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import psycopg
from bench import prisma
from bench.ground import CONFIG, Ground, ground, user_id
from bench.peers import PRISMA, install, require
from bench.rounds import Promise, asked, compare, judge
from psycopg.sql import quote

from renderstore import connect, register, studio
from renderstore.store import SyncScope, SyncStore
from renderstore.testing.servers import Database

FRAMES = 100


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it."""

    rounds: int
    calls: int
    users: int
    projects: int
    seconds: float


# Every sixth project is deleted, since the policies ask for those.
FILL = """
set session_replication_role = replica;
insert into identity.plans (
    id, name, max_projects, max_stored_bytes, keep_deleted_days, share
)
values ('bench', 'Bench', 1000, 1000000000000, 30, 1);
insert into identity.users (id, email, name, plan_id)
select {user}, 'user' || n || '@example.org', 'User ' || n, 'bench'
from generate_series(0, {users} - 1) as n;
insert into identity.owners (user_id) select id from identity.users
on conflict do nothing;

insert into studio.projects (user_id, title, source_text, config, deleted_at)
select
    {user}, 'Project ' || p, {story}, {config}, case when p % 6 = 5 then now() end
from generate_series(0, {projects} - 1) as p, generate_series(0, {users} - 1) as n;
insert into studio.characters (user_id, project_id, name)
select user_id, id, 'Fox' from studio.projects;
insert into studio.animations (user_id, project_id, character_id, name)
select user_id, project_id, id, 'Walk' from studio.characters;
insert into studio.assets (
    user_id, project_id, kind, state, uri, size_bytes, width, height, kept_at
)
select
    user_id, id, 'image', 'kept', user_id || '/' || id || '/' || n || '.png',
    1000, 64, 64, now()
from studio.projects, generate_series(1, {frames}) as n;
insert into studio.frames (
    user_id, project_id, animation_id, position, duration_ms, asset_id, pivot_x, pivot_y
)
select a.user_id, a.project_id, a.id, x.nth, 40, x.id, 32, 60
from studio.animations as a
join (
    select
        s.project_id,
        s.id,
        row_number() over (partition by s.project_id order by s.id) as nth
    from studio.assets as s
) as x on x.project_id = a.project_id;
insert into studio.usages (user_id, is_farms, living_projects, stored_bytes)
select
    p.user_id,
    false,
    count(*) filter (where p.deleted_at is null),
    count(*) * {frames} * 1000
from studio.projects as p
group by p.user_id;
set session_replication_role = default;
"""

# The same for Prisma's tables.
THEIRS = """
insert into "Project" (
    id, "userId", title, "sourceText", config, "updatedAt", "deletedAt"
)
select
    'p' || lpad(p::text, 6, '0') || '-' || n, 'u' || n, 'Project ' || p, {story},
    {config}, now(), case when p % 6 = 5 then now() end
from generate_series(0, {projects} - 1) as p, generate_series(0, {users} - 1) as n;
insert into "Character" (id, "projectId", name) select 'c' || id, id, 'Fox' from "Project";
insert into "Animation" (id, "characterId", name, "updatedAt")
select 'a' || id, id, 'Walk', now() from "Character";
insert into "Asset" (id, "userId", uri, "sizeBytes", width, height)
select
    'x' || p.id || '-' || n, p."userId", p."userId" || '/' || p.id || '/' || n || '.png',
    1000, 64, 64
from "Project" as p, generate_series(1, {frames}) as n;
insert into "Frame" (
    id, "animationId", position, "durationMs", "assetId", "pivotX", "pivotY"
)
select
    'f' || p.id || '-' || n, 'ac' || p.id, n, 40, 'x' || p.id || '-' || n, 32, 60
from "Project" as p, generate_series(1, {frames}) as n;
"""


# What a project holds beside its title: a page of a story, and 2 KB of configuration, as the jobs of the other cases have it.
STORY = "Once upon a time there was a fox who could not sleep. " * 30


def _sized(text: str, size: Size) -> str:
    return text.format(
        user="('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid",
        users=size.users,
        projects=size.projects,
        frames=FRAMES,
        story=quote(STORY),
        config=f"{quote(CONFIG)}::jsonb",
    )


def _filled(place: Ground, size: Size) -> Database:
    made = place.server.clone()
    text = _sized(FILL, size)
    with psycopg.connect(made.admin_url, autocommit=True) as conn:
        conn.execute(text.encode())
        conn.execute("vacuum (analyze, freeze)")
        problems = conn.execute("select * from studio.problems() limit 5").fetchall()
        assert not problems, problems
    return made


@contextlib.contextmanager
def _one_user(
    place: Ground, size: Size
) -> Generator[tuple[Database, SyncStore, SyncScope, UUID]]:
    """A filled database, and an animation in it."""
    with (
        place.lent(_filled(place, size)) as database,
        connect(database.url) as store,
    ):
        mine = store.user(UUID(user_id(1)))
        (project, *_) = mine.run(studio.projects.list, before_id=None, page_size=1)
        (character,) = mine.run(
            studio.characters.list, project_id=project.id, after_name=None, page_size=1
        )
        (animation,) = mine.run(
            studio.animations.list,
            character_id=character.id,
            after_name=None,
            page_size=1,
        )
        yield database, store, mine, animation.id


def _median(call: Callable[[], object], calls: int) -> float:
    """How long a call takes, in milliseconds."""
    took: list[float] = []
    for _ in range(calls):
        start = time.perf_counter()
        call()
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took)


def read(place: Ground, size: Size) -> bool:
    """An animation through its user's scope against the same select by who has no policies."""
    with (
        _one_user(place, size) as (database, store, mine, animation_id),
        psycopg.connect(database.admin_url, autocommit=True) as owner,
    ):
        register(owner)
        owner.execute(
            "select set_config('renderstore.user_id', %s, false)", [user_id(1)]
        )
        frames = partial(
            studio.frames.list,
            animation_id=animation_id,
            after_position=None,
            page_size=FRAMES,
        )

        def without() -> None:
            assert len(frames(owner)) == FRAMES

        def transaction() -> None:
            with owner.transaction():
                without()

        def scope() -> None:
            with store.user(UUID(user_id(1))) as conn:
                assert len(frames(conn)) == FRAMES

        def run() -> None:
            assert len(mine.run(frames)) == FRAMES

        for call in (without, transaction, scope, run):
            _median(call, 20)
        return compare(
            f"Read an animation of {FRAMES} frames",
            {
                "no policies": partial(_median, without, size.calls),
                "no policies, in a transaction": partial(
                    _median, transaction, size.calls
                ),
                "a scope": partial(_median, scope, size.calls),
                "run": partial(_median, run, size.calls),
            },
            [
                Promise("a scope", "no policies", at_most=1.5),
                Promise("run", "no policies", at_most=1.5),
            ],
            # Neighbours share what else the machine does; a read is over in a moment.
            rounds=size.rounds * 20,
            unit="ms",
        )


def add(place: Ground, size: Size) -> bool:
    """A hundred frames in one call against one by one."""
    with _one_user(place, size) as (_, store, mine, animation_id):
        assets = [
            each.asset_id
            for each in mine.run(
                studio.frames.list,
                animation_id=animation_id,
                after_position=None,
                page_size=FRAMES,
            )
            if each.asset_id is not None
        ]

        def emptied(add: Callable[[], object], times: int = 1) -> float:
            """How long it takes, in milliseconds, into an animation without frames."""
            took: list[float] = []
            for _ in range(times):
                there = mine.run(
                    studio.frames.list,
                    animation_id=animation_id,
                    after_position=None,
                    page_size=1000,
                )
                mine.run(
                    studio.frames.delete_many,
                    animation_id=animation_id,
                    ids=[each.id for each in there],
                )
                took.append(_median(add, 1))
            return statistics.median(took)

        def at_once() -> None:
            mine.run(
                studio.frames.add_many,
                animation_id=animation_id,
                durations_ms=[40] * FRAMES,
                asset_ids=[*assets],
            )

        def one_by_one() -> None:
            for asset in assets:
                mine.run(
                    studio.frames.add_many,
                    animation_id=animation_id,
                    durations_ms=[40],
                    asset_ids=[asset],
                )

        def in_one_scope() -> None:
            with store.user(UUID(user_id(1))) as conn:
                for asset in assets:
                    studio.frames.add_many(
                        conn,
                        animation_id=animation_id,
                        durations_ms=[40],
                        asset_ids=[asset],
                    )

        for each in (at_once, one_by_one, in_one_scope):
            emptied(each)
        return compare(
            f"Add {FRAMES} frames",
            {
                "in one call": partial(emptied, at_once, size.calls),
                "one by one": partial(emptied, one_by_one),
                "one by one, in one scope": partial(emptied, in_one_scope),
            },
            [Promise("one by one", "in one call", at_least=20)],
            rounds=size.rounds,
            unit="ms",
        )


ASKED = {
    "list of 20": ("list of 20",),
    "nested read": ("nested read, query", "nested read, join"),
}


def pages(place: Ground, size: Size) -> bool:
    """A page of projects, and an animation with its frames and assets, beside Prisma 7."""
    is_smoke = "--smoke" in sys.argv
    here = not is_smoke
    fill = _sized(THEIRS, size)
    rounds: list[tuple[dict[str, float], dict[str, float]]] = []
    for _ in range(size.rounds):
        with place.lent(_filled(place, size)) as database:
            ours = prisma.measured(
                "bench.pages", database.url, str(size.seconds), str(size.users)
            )
        theirs = (
            prisma.theirs(
                place, size.seconds, "studio.ts", fill=fill, USERS=str(size.users)
            )
            if here
            else {}
        )
        rounds.append((ours, theirs))
    print(
        f"\nPages, 4 in flight, beside Prisma 7  [{size.rounds} rounds, load {os.getloadavg()[0]:.1f}]"
    )
    kept = True
    for name, peers in ASKED.items():
        rate = statistics.median(ours[name] for ours, _ in rounds)
        print(f"  {name:<44} {rate:>12,.1f} a second")
        for peer in peers if here else ():
            share = statistics.median(
                ours[name] / theirs[peer] for ours, theirs in rounds
            )
            kept &= judge(share >= 2, f"{name}: {share:.2f} (≥ 2 of Prisma's {peer})")
    return kept


CASES = {case.__name__: case for case in (read, add, pages)}


def main() -> None:
    """Run the cases asked for; fail where a promise was not kept."""
    what = asked(__doc__, cases=CASES)
    if what.is_smoke:
        size = Size(1, 5, 2, 24, 0.2)
    else:
        size = Size(what.rounds, 5, 20, 30, 3)
        if "pages" in what.cases:
            install()
            require([PRISMA])
    with ground() as place:
        kept = [CASES[name](place, size) for name in what.cases]
    sys.exit(not what.is_smoke and not all(kept))


if __name__ == "__main__":
    main()
