"""Who may migrate: ordinary logins, several of them, in several databases of one cluster."""

from __future__ import annotations

import subprocess
import threading
import time

import psycopg
import pytest

from renderstore import migrations
from renderstore._paths import MIGRATIONS
from renderstore.settings import Settings

from .support import (
    CHECKOUT,
    GROUP_ROLES,
    NAMES,
    OwnServer,
    down,
    environment,
    up,
    yoyo_command,
)

LAST = NAMES[-1]
# docs/operations.md: what lets a second login migrate another database.
GRANT_ROLES = f"grant {', '.join(GROUP_ROLES)} to second with admin option".encode()


def test_an_ordinary_login_migrates(own_server: OwnServer) -> None:
    target = own_server.database("farm", own_server.migrating_login("first"))
    migrations.apply(target)
    assert migrations.pending(target) == []
    assert own_server.roles() == list(GROUP_ROLES)


def test_every_object_belongs_to_the_owner_role(own_server: OwnServer) -> None:
    target = own_server.database("farm", own_server.migrating_login("first"))
    up(target, LAST)
    assert "OWNER TO first" not in own_server.dump("farm")


def test_one_login_migrates_two_databases(own_server: OwnServer) -> None:
    login = own_server.migrating_login("first")
    for name in ("farm", "portal"):
        up(own_server.database(name, login), LAST)
    assert own_server.dump("farm") == own_server.dump("portal")


def test_a_second_login_migrates_a_second_database(own_server: OwnServer) -> None:
    up(own_server.database("farm", own_server.migrating_login("first")), LAST)
    second = own_server.migrating_login("second")
    with psycopg.connect(own_server.target("first", "farm").url) as conn:
        conn.execute(GRANT_ROLES)
    target = own_server.database("portal", second)
    up(target, LAST)
    down(target, NAMES[0])
    up(target, LAST)
    as_first = own_server.dump("farm").splitlines()
    as_second = own_server.dump("portal").replace("'second'", "'first'").splitlines()
    assert sorted(as_second) == sorted(as_first)


def test_a_second_login_without_the_roles_hears_whom_to_ask(
    own_server: OwnServer,
) -> None:
    with own_server.admin() as conn:
        if conn.info.server_version < 160000:
            pytest.skip("before 16, whoever may create roles may grant any")
    up(own_server.database("farm", own_server.migrating_login("first")), LAST)
    target = own_server.database("portal", own_server.migrating_login("second"))
    with pytest.raises(migrations.MigrationFailed, match="with admin option"):
        migrations.apply(target)
    assert migrations.applied(target) == []


def test_members_of_one_role_migrate_the_same_database(own_server: OwnServer) -> None:
    own_server.migrating_login("dba")
    with own_server.admin() as conn:
        for login in ("first", "second"):
            conn.execute(f"create role {login} login noinherit".encode())
            conn.execute(f"grant dba to {login}".encode())
            conn.execute(f"alter role {login} set role = 'dba'".encode())
    own_server.database("farm", "dba")
    up(own_server.target("first", "farm"), NAMES[len(NAMES) // 2])
    up(own_server.target("second", "farm"), LAST)
    down(own_server.target("second", "farm"), NAMES[0])
    assert own_server.roles() == []


def test_a_rollback_keeps_the_roles_that_another_database_needs(
    own_server: OwnServer,
) -> None:
    login = own_server.migrating_login("first")
    farm, portal = (
        own_server.database("farm", login),
        own_server.database("portal", login),
    )
    up(farm, LAST)
    up(portal, LAST)
    before = own_server.dump("portal")
    down(farm, NAMES[0])
    assert own_server.dump("portal") == before
    down(portal, NAMES[0])
    assert own_server.roles() == []


def test_a_rollback_drops_roles_that_logins_were_granted(own_server: OwnServer) -> None:
    login = own_server.migrating_login("first")
    target = own_server.database("farm", login)
    up(target, LAST)
    with own_server.admin() as conn:
        conn.execute("create role web login noinherit")
    migrations.let_enter(target, "web")
    down(target, NAMES[0])
    assert own_server.roles() == []


def test_two_databases_migrate_at_once(own_server: OwnServer) -> None:
    login = own_server.migrating_login("first")
    targets = [own_server.database(name, login) for name in ("farm", "portal")]
    for _ in range(3):
        running = [start(target) for target in targets]
        said = [one.communicate()[1] for one in running]
        assert [one.returncode for one in running] == [0, 0], said
        for target in targets:
            down(target, NAMES[0])


def test_a_role_that_another_database_is_making_is_waited_for(
    own_server: OwnServer,
) -> None:
    login = own_server.migrating_login("first")
    create_roles = (MIGRATIONS / f"{NAMES[0]}.sql").read_bytes()
    farm, portal = (
        own_server.database("farm", login),
        own_server.database("portal", login),
    )
    errors: list[Exception] = []

    def make_in_portal() -> None:
        try:
            with psycopg.connect(portal.url) as conn:
                conn.execute(create_roles)
        except psycopg.Error as error:
            errors.append(error)

    waiting = threading.Thread(target=make_in_portal)
    with psycopg.connect(farm.url) as conn:
        conn.execute(create_roles)
        waiting.start()
        wait_until_blocked(own_server, waiting)
    waiting.join()
    assert not errors
    assert own_server.roles() == list(GROUP_ROLES)


def start(target: Settings) -> subprocess.Popen[str]:
    return subprocess.Popen(
        yoyo_command("apply"),
        env=environment(target),
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until_blocked(server: OwnServer, thread: threading.Thread) -> None:
    with server.admin() as conn:
        while thread.is_alive():
            blocked = conn.execute(
                "select from pg_stat_activity"
                " where datname = 'portal' and wait_event_type = 'Lock'"
            ).fetchone()
            if blocked is not None:
                return
            time.sleep(0.02)
