"""What the studio's tests share: a user with a project, and short ways to make what hangs under it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

import psycopg
from tests.factories import look, unique, users

from renderstore.store import SyncScope, SyncStore
from renderstore.studio import AssetKind, animations, assets, characters, projects
from renderstore.testing import Database


@dataclass(frozen=True, slots=True)
class Studio:
    """One user's studio."""

    database: Database
    store: SyncStore
    user_id: UUID
    project_id: UUID

    @property
    def mine(self) -> SyncScope:
        return self.store.user(self.user_id)

    def image(
        self, content: str = "", *, size: int = 100, project_id: UUID | None = None
    ) -> UUID:
        """A kept image of 64 pixels."""
        made = self.mine.run(
            assets.begin,
            kind=AssetKind.IMAGE,
            size_bytes=size,
            suffix="png",
            project_id=project_id or self.project_id,
        )
        self.mine.run(
            assets.keep,
            id=made.id,
            size_bytes=size,
            sha256=hashlib.sha256((content or str(made.id)).encode()).digest(),
            media_type="image/png",
            width=64,
            height=64,
        )
        return made.id

    def character(self) -> UUID:
        return self.mine.run(
            characters.create, project_id=self.project_id, name=f"Fox {unique()}"
        ).id

    def animation(self, name: str = "Walk") -> UUID:
        return self.mine.run(
            animations.create, character_id=self.character(), name=name
        ).id

    def state(self, asset_id: UUID) -> str:
        [(found,)] = look(
            self.database,
            "select state::text from studio.assets where id = %(id)s",
            id=asset_id,
        )
        return str(found)

    def later(self, table: str, column: str) -> None:
        """What was to come has come, for every row that has a time there."""
        with psycopg.connect(self.database.admin_url) as conn:
            conn.execute(
                f"update {table} set {column} = now() where {column} is not null".encode()
            )


def made(database: Database, store: SyncStore, **user: object) -> Studio:
    """A new user with a project."""
    user_id = users.make(database, **user)
    project = store.user(user_id).run(projects.create, title="The fox")
    return Studio(database, store, user_id, project.id)
