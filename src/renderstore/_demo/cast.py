"""Who takes part. Their names say that they are none of yours."""

from __future__ import annotations

from dataclasses import dataclass

from renderstore.identity import UserRole, users
from renderstore.identity.users import User
from renderstore.ops import services
from renderstore.ops.services import Service
from renderstore.store import SyncStore
from renderstore.work import JobKind, labels

VERSION = "demo 1"
LABEL = "simulated"
GPU = "simulated-gpu"
"""Its jobs ask for these labels: no worker of yours takes them."""
_LABELS = {
    LABEL: "A worker of `renderstore demo`, which renders nothing",
    GPU: "One of those with a graphics card",
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo; the domain is one that nobody can own."""

    name: str
    plan_id: str
    role: UserRole = UserRole.USER

    @property
    def email(self) -> str:
        """How they are found again."""
        return f"{self.name.lower()}@demo.example.com"


ADMIN = "Mira"
PEOPLE = (
    Person(ADMIN, "premium", UserRole.ADMIN),
    Person("Jonas", "premium"),
    Person("Tove", "premium"),
    Person("Luca", "free"),
    Person("Hana", "free"),
    Person("Odd", "free"),
)


@dataclass(frozen=True, slots=True)
class Worker:
    """One that works until the demo ends."""

    name: str
    kind: JobKind
    labels: tuple[str, ...]
    concurrency: int


WORKERS = (
    Worker("sim-mac-studio-1", JobKind.RENDER, (LABEL,), 3),
    Worker("sim-linux-1", JobKind.RENDER, (LABEL, GPU), 2),
    Worker("sim-media-1", JobKind.DOWNLOAD, (LABEL,), 2),
    Worker("sim-painter-1", JobKind.STEP, (LABEL,), 2),
)
DYING = "sim-mac-mini-1"
CHECKER = "sim-checker"

SERVICES = {"sim-plex": "Plex, simulated", "sim-storage": "The storage, simulated"}
OUTAGE = "sim-plex"
"""The one that goes down."""


def declare(store: SyncStore) -> None:
    """The labels, made where they are not there yet."""
    with store.admin(reason="demo") as conn:
        for name, meaning in _LABELS.items():
            labels.declare(conn, name=name, meaning=meaning)


def gather(store: SyncStore, farms: int = 1) -> dict[str, User]:
    """The people, made where they are not there yet, on so many farms in turn."""
    found: dict[str, User] = {}
    with store.admin(reason="demo") as conn:
        for number, each in enumerate(PEOPLE):
            known = users.find_by_email(conn, email=each.email)
            found[each.name] = known or users.create(
                conn,
                email=each.email,
                name=each.name,
                role=each.role,
                plan_id=each.plan_id,
                farm_id=1 + number % farms,
            )
    return found


def find_services(store: SyncStore) -> list[Service]:
    """The services, made where they are not there yet, and watched from now on."""
    with store.admin(reason="demo") as conn:
        known = {each.id for each in services.list(conn, page_size=1000)}
        return [
            services.update(conn, id=service, is_enabled=True)
            if service in known
            else services.create(
                conn,
                id=service,
                name=name,
                url=f"http://{service}.invalid",
                check_every_s=5,
                failures_to_go_down=2,
            )
            for service, name in SERVICES.items()
        ]
