"""Asks the services whether they live, over HTTP, and records what they say. Needs the extra `check`.

    async with aconnect() as store:
        for found in await check_services(store):
            print(found)

What is asked and how often stands in ops.services. A service is up when it answers with a status below 400;
where an answer leads elsewhere is not followed, so that an API key goes to nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

import httpx

from renderstore.aio.ops import services
from renderstore.errors import KeyUnknown, NotDecrypted
from renderstore.ops.enums import ServiceState
from renderstore.ops.services import DueService
from renderstore.secrets import SERVICE_API_KEYS, Keys, Place, decrypt, environment
from renderstore.store import AsyncStore

__all__ = ["Checked", "check_services", "place_of_api_key"]

_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What one check found."""

    id: str
    name: str
    found: ServiceState
    """What this check saw: up or down."""
    state: ServiceState
    """What the service is now: down only after some failures in a row."""
    response_ms: int | None
    message: str | None

    def __str__(self) -> str:
        said = f"{self.name} is {self.state}"
        if self.response_ms is not None:
            said += f", answered in {self.response_ms} ms"
        return said + ("." if self.message is None else f": {self.message}")


def place_of_api_key(service_id: str) -> Place:
    """Where a service's API key stands: `encrypt(Secret(key), place=place_of_api_key("plex"))` seals it."""
    return Place(SERVICE_API_KEYS.table, SERVICE_API_KEYS.name, service_id)


async def check_services(
    store: AsyncStore,
    *,
    name: str = "check",
    only_due: bool = True,
    timeout: float = 10,
    keys: Keys = environment,
) -> Sequence[Checked]:
    """Check every enabled service that is due, all at once, and record each as the worker of this name."""
    scope = store.worker(name)
    due = await scope.run(services.list_due, only_due=only_due, page_size=_PAGE)
    async with httpx.AsyncClient(
        timeout=timeout, follow_redirects=False, headers={"User-Agent": "renderstore"}
    ) as client:
        return await asyncio.gather(
            *(_check(store, client, name, each, timeout, keys) for each in due)
        )


async def _check(
    store: AsyncStore,
    client: httpx.AsyncClient,
    name: str,
    service: DueService,
    timeout: float,
    keys: Keys,
) -> Checked:
    started = monotonic()
    response_ms: int | None = None
    message: str | None = None
    try:
        headers = await _headers(store, name, service, keys)
        # The timeout of httpx is one between two bytes: a service may not feed them one by one.
        async with asyncio.timeout(timeout):
            url = service.url.rstrip("/") + service.check_path
            async with client.stream("GET", url, headers=headers) as answer:
                status = answer.status_code
        response_ms = round((monotonic() - started) * 1000)
        message = None if status < 400 else f"It answered with status {status}."
    except TimeoutError:
        message = f"It did not answer within {timeout:g} seconds."
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        message = f"It could not be asked: {error or type(error).__name__}."
    except (KeyUnknown, NotDecrypted) as error:
        message = f"It could not be asked: {error.sentence}"
    found = ServiceState.UP if message is None else ServiceState.DOWN
    state = await store.worker(name).run(
        services.record_check,
        id=service.id,
        state=found,
        response_ms=response_ms,
        message=message,
    )
    return Checked(
        id=service.id,
        name=service.name,
        found=found,
        state=state,
        response_ms=response_ms,
        message=message,
    )


async def _headers(
    store: AsyncStore, name: str, service: DueService, keys: Keys
) -> dict[str, str]:
    if service.api_key_header is None:
        return {}
    sealed = await store.worker(name).run(services.find_sealed_api_key, id=service.id)
    if sealed is None:
        return {}
    key = decrypt(sealed, place=place_of_api_key(service.id), keys=keys)
    return {service.api_key_header: key.reveal()}
