"""What an application asks of the studio, beside Prisma 7: a page of projects, an animation with its frames.

python -m bench.pages URL SECONDS USERS
"""

from __future__ import annotations

import asyncio
import json
import sys
from uuid import UUID

from bench.ground import user_id
from bench.prisma import CLIENTS, timed

from renderstore import aconnect, aio
from renderstore.store import AsyncScope


async def _animations(scope: AsyncScope) -> list[UUID]:
    found: list[UUID] = []
    for project in await scope.run(
        aio.studio.projects.list, before_id=None, page_size=1000
    ):
        for character in await scope.run(
            aio.studio.characters.list,
            project_id=project.id,
            after_name=None,
            page_size=10,
        ):
            found += [
                each.id
                for each in await scope.run(
                    aio.studio.animations.list,
                    character_id=character.id,
                    after_name=None,
                    page_size=10,
                )
            ]
    return found


async def _measure(url: str, seconds: float, users: int) -> dict[str, float]:
    out: dict[str, float] = {}
    async with aconnect(url, size=CLIENTS) as store:
        scopes = [store.user(UUID(user_id(number))) for number in range(users)]
        theirs = [await _animations(scope) for scope in scopes]

        async def page(i: int) -> None:
            rows = await scopes[i % users].run(
                aio.studio.projects.list, before_id=None, page_size=20
            )
            assert len(rows) == 20

        async def animation(i: int) -> None:
            mine = theirs[i % users]
            animation_id = mine[i * 7 % len(mine)]
            async with store.user(UUID(user_id(i % users))) as conn:
                await aio.studio.animations.get(conn, id=animation_id)
                rows = await aio.studio.frames.list(
                    conn, animation_id=animation_id, after_position=None, page_size=100
                )
            assert len(rows) == 100

        out["list of 20"] = await timed(page, seconds)
        out["nested read"] = await timed(animation, seconds)
    return out


if __name__ == "__main__":
    print(
        json.dumps(
            asyncio.run(_measure(sys.argv[1], float(sys.argv[2]), int(sys.argv[3])))
        )
    )
