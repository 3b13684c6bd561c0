"""A store over several farms: a user's scope goes to where the user lives, the rest to home, or to each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from time import monotonic
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    ParamSpec,
    Protocol,
    Self,
    TypeVar,
    overload,
)
from uuid import UUID

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import TupleRow

from renderstore import settings as _settings
from renderstore._environment import ENV_FILES, EnvFile
from renderstore._scope.aio.colour import together
from renderstore._scope.aio.store import AsyncScope, AsyncStore
from renderstore._scope.binding import NOTE_USE
from renderstore._scope.farms import (
    AGAIN,
    AWAY,
    Answers,
    Directory,
    FarmPage,
    FarmProblem,
    answers,
    impatient,
    merge,
    no_such_farm,
)
from renderstore._scope.store import ENTERED, log
from renderstore.errors import ScopeBroken, WrongFarm

if TYPE_CHECKING:
    from renderstore.health import FarmsHealth
    from renderstore.identity.enums import TokenRole
    from renderstore.secrets import Secret
    from renderstore.work.events import ListAfterRow

T = TypeVar("T")
R = TypeVar("R")
C = TypeVar("C")
P = ParamSpec("P")


class AsyncFarmStore:
    """A home, and the farms on which its users live.

    What is home's (sign-in, tokens, users, plans) is asked at home. A reader's or a worker's scope is one
    farm's: `store.at(2).readonly()`; `each` and `page` ask all of them.
    """

    def __init__(self, home: AsyncStore, farms: Mapping[int, AsyncStore]) -> None:
        self.home = home
        self.farms = dict(sorted(farms.items()))
        """By number. Home is among them where users live there."""
        self._directory = Directory()
        self._asking: dict[AsyncStore, AsyncStore] = {}
        self._home_again_at = 0.0

    def __repr__(self) -> str:
        named = ", ".join(map(str, self.farms))
        return f"<{type(self).__name__} {self.home.settings.safe_url}, farms {named}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection to every node. Scopes that are open end as they would."""
        for each in {self.home, *self.farms.values(), *self._asking.values()}:
            await each.close()

    @property
    def nodes(self) -> dict[str, AsyncStore]:
        """Every node's own store by what people call it, home once."""
        found = {
            f"farm {number}{', home' * (store is self.home)}": store
            for number, store in self.farms.items()
        }
        is_a_farm = self.home in found.values()
        return found if is_a_farm else {"home": self.home, **found}

    # Who lives where

    def at(self, farm_id: int) -> AsyncStore:
        """One farm's own store."""
        found = self.farms.get(farm_id)
        if found is None:
            raise no_such_farm(farm_id, [*self.farms])
        return found

    async def of(self, user_id: UUID) -> AsyncStore:
        """The store of the farm where this user lives; home's where nobody knows the user."""
        farm_id = self._directory.find(user_id)
        if farm_id is None:
            farm_id = await self._look_up(user_id)
        return self.home if farm_id is None else self.at(farm_id)

    async def _look_up(self, user_id: UUID) -> int | None:
        """Where home says. While home is away a farm does, which may not have heard of the user yet."""
        from renderstore.aio.identity import users

        away = monotonic() < self._home_again_at
        others = [each for each in self.farms.values() if each is not self.home]
        error: BaseException | None = None
        for store in [*others, self.home] if away else [self.home, *others]:
            try:
                found = await self._asker(store).auth().run(users.find_farm, id=user_id)
            except AWAY as why:
                error = error or why
                if store is self.home:
                    self._home_again_at = monotonic() + AGAIN
                continue
            if found is not None:
                self._directory.note(user_id, found)
            if found is not None or store is self.home:
                return found
        assert error is not None
        raise error

    def learn(self, user_id: UUID, moved: WrongFarm) -> AsyncStore:
        """The farm that a farm which refused has named."""
        if moved.farm_id is None:
            raise moved
        store = self.at(moved.farm_id)
        if self._directory.find(user_id) != moved.farm_id:
            log.info("The user %s lives at farm %s now.", user_id, moved.farm_id)
            self._directory.note(user_id, moved.farm_id)
        return store

    # Scopes

    def user(self, user_id: UUID) -> AsyncFarmScope:
        """One user's rows and no others, where the user lives.

        Who has moved since costs `run` a second attempt, and `async with` one WrongFarm; then the farm is known
        (`aretry` does it again).
        """
        return AsyncFarmScope(_ToUser(self, user_id))

    def auth(self) -> AsyncScope:
        """Before the user is known: sign-in and token checks, at home."""
        return self.home.auth()

    @overload
    def admin(self, user_id: UUID) -> AsyncFarmScope: ...

    @overload
    def admin(self, *, reason: str) -> AsyncFarmScope: ...

    def admin(
        self, user_id: UUID | None = None, *, reason: str | None = None
    ) -> AsyncFarmScope:
        """For an administrator, or a DBA who gives a reason: at home, which writes users, plans and limits.

        `run` goes on to a farm when home says that the user whom a function names lives there.
        """

        def make(store: AsyncStore) -> AsyncScope:
            if user_id is not None and reason is None:
                return store.admin(user_id)
            # With both, or none, the store says what is wrong.
            given: dict[str, Any] = {"user_id": user_id, "reason": reason}
            return store.admin(**given)

        make(self.home)  # what is wrong with them is said here
        return AsyncFarmScope(_ToHome(self, make))

    def token(
        self,
        secret: str | Secret,
        *,
        role: TokenRole | None = None,
        user_id: UUID | None = None,
    ) -> AsyncFarmScope:
        """What an API token may do. Home checks it; a user's is then entered where the user lives."""

        def make(store: AsyncStore) -> AsyncScope:
            return store.token(secret, role=role, user_id=user_id)

        return AsyncFarmScope(_ToTokensUser(self, make, secret, user_id))

    # All farms

    async def each(self, ask: Callable[[AsyncStore], Awaitable[T]]) -> Answers[T]:
        """What each farm answers to this, asked at once, and which did not. It gives a connection up after 5 seconds.

        ask: `lambda farm: farm.admin(reason="…").run(work.jobs.count_all)`.
        """
        return await self._each(lambda _, store: ask(store))

    async def _each(self, ask: Callable[[int, AsyncStore], Awaitable[T]]) -> Answers[T]:
        found = await together(
            [
                partial(ask, number, self._asker(store))
                for number, store in self.farms.items()
            ]
        )
        return answers([*self.farms], found)

    async def page(
        self,
        ask: Callable[[AsyncStore, C | None, int], Awaitable[Sequence[R]]],
        *,
        cursor: Callable[[R], C],
        order: Callable[[R], Any] | None = None,
        newest_first: bool = False,
        after: Mapping[int, C] | None = None,
        page_size: int,
    ) -> FarmPage[R, C]:
        """A page of what all farms list, in one order, with a cursor a farm.

        ask: `lambda farm, after, size: farm.admin(reason="…").run(work.jobs.list_all_by_status, status=…, before_id=after, page_size=size)`.
        cursor: what of a row a farm is asked on with.
        order: what the farms' rows are sorted among each other by, where that is not the cursor.
        newest_first: whether the lists run backwards, as those with `before_id` do.
        after: the last page's cursors; none for the first.
        """
        begun = after or {}
        found = await self._each(
            lambda number, store: ask(store, begun.get(number), page_size)
        )
        return merge(
            found,
            cursor=cursor,
            order=order or cursor,
            newest_first=newest_first,
            after=begun,
            page_size=page_size,
        )

    async def list_events_after(
        self, after: Mapping[int, int] | None = None, *, page_size: int
    ) -> FarmPage[ListAfterRow, int]:
        """What happened to jobs on all farms, after these positions, for a reader. No event of a farm is passed over; between farms it is by time, about."""
        from renderstore.aio.work import events

        return await self.page(
            lambda farm, position, size: farm.readonly(at_primary=True).run(
                events.list_after, after_id=position or 0, page_size=size
            ),
            cursor=lambda event: event.id,
            order=lambda event: event.happened_at,
            after=after,
            page_size=page_size,
        )

    async def list_problems(
        self, *, reason: str, page_size: int
    ) -> Answers[list[FarmProblem]]:
        """Whatever disagrees with itself on a farm: nothing, or a defect; so many of each room. Reads everything."""
        found = await self.each(partial(_problems, reason=reason, page_size=page_size))
        return Answers(
            by_farm={
                number: [
                    FarmProblem(
                        farm_id=number,
                        room=room,
                        user_id=user_id,
                        id=row_id,
                        problem=said,
                    )
                    for room, user_id, row_id, said in rows
                ]
                for number, rows in found.by_farm.items()
            },
            away=found.away,
        )

    async def health(self) -> FarmsHealth:
        """How every node stands, as this login sees it. One that cannot be reached is an answer, not an error."""
        from renderstore.health import FarmsHealth, unreached

        nodes = dict(self.farms)
        stores = [*nodes.values()]
        if self.home not in stores:
            stores.insert(0, self.home)
        found = await together([store.health for store in stores])
        by_store = dict(zip(stores, found, strict=True))

        def said(store: AsyncStore) -> Any:
            one = by_store[store]
            return unreached(str(one)) if isinstance(one, BaseException) else one

        return FarmsHealth(
            home=said(self.home),
            farms={number: said(store) for number, store in nodes.items()},
        )

    def _asker(self, store: AsyncStore) -> AsyncStore:
        """The same node for questions to all, which wait no long time for one that is away."""
        found = self._asking.get(store)
        if found is None:
            # Who loses a race has made one that never opens anything.
            made = type(store)(impatient(store.settings, size=2))
            found = self._asking.setdefault(store, made)
        return found


class _Route(Protocol):
    """Where a scope is entered, and where it is once a farm has said that this was the wrong one."""

    async def begin(self) -> AsyncScope: ...

    async def follow(self, moved: WrongFarm) -> AsyncScope: ...


class _ToUser:
    """To where a user lives."""

    def __init__(self, farms: AsyncFarmStore, user_id: UUID) -> None:
        self._farms, self._user_id = farms, user_id

    async def begin(self) -> AsyncScope:
        return (await self._farms.of(self._user_id)).user(self._user_id)

    async def follow(self, moved: WrongFarm) -> AsyncScope:
        return self._farms.learn(self._user_id, moved).user(self._user_id)


class _ToHome:
    """To home, and on to the farm that it names."""

    def __init__(
        self, farms: AsyncFarmStore, make: Callable[[AsyncStore], AsyncScope]
    ) -> None:
        self._farms, self._make = farms, make

    async def begin(self) -> AsyncScope:
        return self._make(self._farms.home)

    async def follow(self, moved: WrongFarm) -> AsyncScope:
        if moved.farm_id is None:
            raise moved
        return self._make(self._farms.at(moved.farm_id))


class _ToTokensUser(_ToHome):
    """To home, which checks the token and refuses last that its user lives elsewhere."""

    def __init__(
        self,
        farms: AsyncFarmStore,
        make: Callable[[AsyncStore], AsyncScope],
        secret: str | Secret,
        user_id: UUID | None,
    ) -> None:
        super().__init__(farms, make)
        self._secret, self._user_id = secret, user_id

    async def follow(self, moved: WrongFarm) -> AsyncScope:
        from renderstore.aio.identity import api_tokens
        from renderstore.secrets import hash_token

        if moved.farm_id is None:
            raise moved
        token_hash = hash_token(self._secret)
        async with self._farms.auth() as conn:
            token = await api_tokens.get_by_hash(conn, token_hash=token_hash)
            await AsyncCursor(conn).execute(NOTE_USE, (token_hash,))
        user_id = token.for_user_id or self._user_id
        if user_id is None:
            raise moved
        return self._farms.at(moved.farm_id).acting(user_id, f"token:{token.id}")


class AsyncFarmScope:
    """One transaction with its binding, at the node that it is for: `async with scope as conn`, or `await scope.run(function, …)`."""

    __slots__ = ("_entered", "_mark", "_route")

    def __init__(
        self,
        route: _Route,
        mark: Callable[[AsyncScope], AsyncScope] = lambda scope: scope,
    ) -> None:
        self._route, self._mark = route, mark
        self._entered: AsyncScope | None = None

    def serializable(self) -> AsyncFarmScope:
        """The same scope in a serializable transaction (see renderstore.retry)."""
        mark = self._mark
        return AsyncFarmScope(self._route, lambda scope: mark(scope).serializable())

    def reading(self) -> AsyncFarmScope:
        """The same scope for who only reads."""
        mark = self._mark
        return AsyncFarmScope(self._route, lambda scope: mark(scope).reading())

    async def __aenter__(self) -> AsyncConnection[TupleRow]:
        if self._entered is not None:
            raise ScopeBroken(ENTERED)
        scope = self._mark(await self._route.begin())
        try:
            conn = await scope.__aenter__()
        except WrongFarm as moved:
            scope = self._mark(await self._route.follow(moved))
            conn = await scope.__aenter__()
        self._entered = scope
        return conn

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        assert self._entered is not None
        scope, self._entered = self._entered, None
        try:
            await scope.__aexit__(kind, error, at)
        except WrongFarm as moved:
            await self._route.follow(moved)
            raise
        if isinstance(error, WrongFarm):
            await self._route.follow(error)

    async def run(
        self,
        function: Callable[Concatenate[AsyncConnection[TupleRow], P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """One function of one statement in a transaction of its own, a second time at the right farm where the first was the wrong one."""
        scope = self._mark(await self._route.begin())
        try:
            return await scope.run(function, *args, **kwargs)
        except WrongFarm as moved:
            scope = self._mark(await self._route.follow(moved))
        return await scope.run(function, *args, **kwargs)


def aconnect_farms(
    home: str | None = None,
    farms: Mapping[int, str] | None = None,
    *,
    size: int | None = None,
    timeout: float | None = None,
    pooler: bool | None = None,
    plain: bool = False,
    env_file: EnvFile = ENV_FILES,
) -> AsyncFarmStore:
    """A store over home and these farms, else over DATABASE_URL and FARM_URLS. Nothing is opened before its first scope.

    home: the address that writes users, plans and tokens.
    farms: each farm's address by its number. Home is farm 1 where that is not named, and all there is where none is.
    Reads go to READ_URL's replicas at home and FARM_READ_URLS's at farms, where the addresses are the environment's.
    size: how many connections each node's pool holds at most.
    timeout: how many seconds a caller waits for one.
    pooler: whether transaction poolers such as PgBouncer stand between.
    plain: take the way that uses psycopg's public names only (two more round trips).
    env_file: where DATABASE_URL is read when the environment does not set it: a file, or None for nowhere.
    """
    at_home, by_number = _settings.load_farms(
        home,
        farms,
        pool_size=size,
        pool_timeout=timeout,
        pooler=pooler,
        env_file=env_file,
    )
    first = AsyncStore(at_home, plain=plain)
    return AsyncFarmStore(
        first,
        {
            # One pool for home and the farm that it is.
            number: first if where == at_home else AsyncStore(where, plain=plain)
            for number, where in by_number.items()
        },
    )


async def _problems(
    store: AsyncStore, *, reason: str, page_size: int
) -> list[tuple[str, UUID | None, UUID | None, str]]:
    from renderstore.aio.media import area as media
    from renderstore.aio.studio import area as studio
    from renderstore.aio.work import area as work

    async with store.admin(reason=reason) as conn:
        return [
            *(
                ("work", each.user_id, each.job_id, each.problem)
                for each in await work.list_problems(conn, page_size=page_size)
            ),
            *(
                ("media", each.user_id, each.id, each.problem)
                for each in await media.list_problems(conn, page_size=page_size)
            ),
            *(
                ("studio", each.user_id, each.id, each.problem)
                for each in await studio.list_problems(conn, page_size=page_size)
            ),
        ]
