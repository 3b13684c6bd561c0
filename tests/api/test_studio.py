"""`renderstore studio`: the key, what the page may do and what is not there, what is left afterwards; and the page itself in Chromium."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql
from tests.browser import Page, browsing, needs_chromium
from tests.factories import job, users
from tests.program import RENDERSTORE

from renderstore import settings
from renderstore.cli import cli, logins, place, studio_login, studio_page
from renderstore.cli.place import Place
from renderstore.testing import Database, Server

COMMAND = (*RENDERSTORE, "studio")
FIRST_ROW = ".pane:not([hidden]) .grid tbody tr"


@dataclass(slots=True)
class Studio:
    """One that runs, and what it printed."""

    process: subprocess.Popen[str]
    said: str

    @property
    def address(self) -> str:
        (found,) = re.findall(
            r"^  (http://127\.0\.0\.1:\d+/\?key=\S+)$", self.said, re.M
        )
        return str(found)

    @property
    def login(self) -> str:
        (found,) = re.findall(r"^The login is (\w+)", self.said, re.M)
        return str(found)

    @property
    def port(self) -> int:
        port = urlsplit(self.address).port
        assert port is not None
        return port

    @property
    def key(self) -> str:
        return parse_qs(urlsplit(self.address).query)["key"][0]

    def ask(
        self,
        path: str,
        body: object = None,
        *,
        method: str | None = None,
        **headers: str | None,
    ) -> tuple[int, Any]:
        """The status and the answer; sent as the page sends it, unless a header is said otherwise."""
        method = method or ("GET" if body is None else "POST")
        sent: dict[str, str | None] = {
            "X-Rowbase": "1",
            "Host": f"127.0.0.1:{self.port}",
            "Cookie": f"other=ü[]; renderstore_studio_{self.port}={self.key}",
        }
        if method != "GET":
            sent["Origin"] = f"http://127.0.0.1:{self.port}"
        sent |= headers
        link = http.client.HTTPConnection("127.0.0.1", self.port)
        link.putrequest(method, path, skip_host=True)
        written = b"" if body is None else json.dumps(body).encode()
        for name, value in {**sent, "Content-Length": str(len(written))}.items():
            if value is not None:
                link.putheader(name, value.encode())
        link.endheaders(written)
        answer = link.getresponse()
        text = answer.read().decode()
        link.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def query(self, statement: str, **more: object) -> tuple[int, Any]:
        return self.ask(
            "/api/query", {"conn": self.connection(), "sql": statement, **more}
        )

    def connection(self) -> str:
        (only,) = self.ask("/api/conns")[1]
        return str(only["id"])

    def end(self, by: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(by)
        return self.process.wait()


def environment(folder: Path, url: str, direct: str | None) -> dict[str, str]:
    more = {} if direct is None else {"DIRECT_URL": direct}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DIRECT_URL", "UV_RUN_RECURSION_DEPTH")
    }
    return {
        **kept,
        "DATABASE_URL": url,
        "TMPDIR": str(folder),
        # What somebody has set for the real one changes nothing here.
        "ROWBASE_HOME": str(folder / "theirs"),
        "ROWBASE_CONN": "theirs",
        **more,
    }


@contextmanager
def running(
    folder: Path, url: str, direct: str | None, *options: str
) -> Generator[Studio]:
    process = subprocess.Popen(
        [*COMMAND, *options],
        cwd=folder,
        env=environment(folder, url, direct),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = ""
        while not said.endswith("Ctrl-C ends it.\n"):
            line = process.stdout.readline()
            assert line, said
            said += line
        yield Studio(process, said)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate()


def fill(database: Database) -> None:
    name = '<img src="//foreign.example/x" onerror="alert(1)">'
    ann = users.make(database, name=name)
    for _ in range(3):
        job(database, "queued", user_id=ann)


@pytest.fixture(scope="module")
def farm(renderstore_server: Server) -> Generator[Database]:
    """For those who only read it."""
    database = renderstore_server.clone()
    fill(database)
    yield database
    renderstore_server.drop(database)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="module")
def reading(farm: Database, folder: Path) -> Generator[Studio]:
    with running(folder, farm.url, farm.owner_url) as studio:
        yield studio


@pytest.fixture
def ending(database: Database, tmp_path: Path) -> Generator[Studio]:
    """One of the test's own, that it may end."""
    with running(tmp_path, database.url, database.owner_url) as studio:
        yield studio


@pytest.fixture
def writing(database: Database, tmp_path: Path) -> Generator[Studio]:
    fill(database)
    with running(tmp_path, database.url, database.owner_url, "--write") as studio:
        yield studio


def is_login(database: Database, name: str) -> bool:
    with psycopg.connect(database.admin_url) as conn:
        return bool(
            conn.execute("select from pg_roles where rolname = %s", [name]).fetchall()
        )


def answers(database: Database, question: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.admin_url) as conn:
        return conn.execute(question.encode()).fetchall()


# The key


def test_without_the_key_nothing_is_there(reading: Studio) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE"):
        for path in ("/", "/app.js", "/api/conns", "/api/query", "/api/version"):
            for cookie in (None, f"renderstore_studio_{reading.port}=", "studio=x"):
                status, _ = reading.ask(path, method=method, Cookie=cookie)
                assert status == 403, (method, path, cookie)


def test_a_wrong_key_opens_nothing(reading: Studio) -> None:
    for wrong in ("x", reading.key[:-1], reading.key + "x", "%C3%BC", ""):
        status, said = reading.ask(f"/?key={wrong}", Cookie=None)
        assert (status, said) == (
            403,
            {"error": "Open the address that the studio printed."},
        )
    wrong_cookie = f"renderstore_studio_{reading.port}={reading.key[:-1]}x"
    assert reading.ask("/api/conns", Cookie=wrong_cookie)[0] == 403


def test_the_key_becomes_a_cookie_that_no_script_reads(reading: Studio) -> None:
    link = http.client.HTTPConnection("127.0.0.1", reading.port)
    link.request("GET", f"/?key={reading.key}")
    answer = link.getresponse()
    assert answer.status == 200
    assert answer.headers["Set-Cookie"] == (
        f"renderstore_studio_{reading.port}={reading.key}; HttpOnly; SameSite=Strict; Path=/"
    )
    assert b"Rowbase" not in answer.read()


def test_a_foreign_host_is_refused_even_with_the_key(reading: Studio) -> None:
    at = f"evil.example:{reading.port}"
    for host in ("evil.example", at, "127.0.0.1", "127.0.0.1:1", "", None):
        for path in (f"/?key={reading.key}", "/", "/api/conns"):
            status, said = reading.ask(path, Host=host)
            assert (status, said) == (
                403,
                {"error": "This page is of this machine."},
            ), host


def test_another_page_may_not_ask_even_with_the_cookie(reading: Studio) -> None:
    question = {"conn": reading.connection(), "sql": "select 1"}
    for origin in ("http://evil.example", "http://127.0.0.1:1", "null", None):
        assert reading.ask("/api/query", question, Origin=origin)[0] == 403, origin
    assert reading.ask("/api/conns", Origin="http://127.0.0.1:1")[0] == 403
    own = f"http://localhost:{reading.port}"
    assert reading.ask("/api/query", question, Origin=own)[0] == 200


def test_it_listens_on_one_port_of_this_machine_alone(reading: Studio) -> None:
    inodes = set[str]()
    for each in Path(f"/proc/{reading.process.pid}/fd").iterdir():
        inodes |= set(re.findall(r"socket:\[(\d+)\]", str(each.readlink())))
    listening = [
        line.split()[1]
        for file in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{file}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[9] in inodes
    ]
    assert listening == [f"0100007F:{reading.port:04X}"]


# What is there


def test_every_route_that_is_not_for_reading_is_not_there(reading: Studio) -> None:
    spec = find_spec("rowbase.server")
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).read_text()
    known = set(re.findall(r'"(/api/[a-z/]+)"', source))
    assert len(known) == 20
    for path in known:
        for method in ("GET", "POST"):
            status, _ = reading.ask(path, {}, method=method)
            is_open = f"{method} {path}" in studio_page.READING
            assert (status != 404) is is_open, (method, path, status)
    closed = ("conns/save", "conns/delete", "conns/test", "settings", "edit", "update")
    for name in closed:
        assert f"POST /api/{name}" not in studio_page.READING
        assert reading.ask(f"/api/{name}", {})[0] == 404
    assert reading.ask("/api/mcp/config")[0] == 404
    for path in ("/../store.py", "/index.html", "/api/conns/", "/api/CONNS"):
        assert reading.ask(path)[0] == 404, path


def test_a_statement_that_writes_is_refused(farm: Database, reading: Studio) -> None:
    (row,) = answers(farm, "select id from work.jobs order by id limit 1")
    before = answers(farm, "select * from work.jobs order by id")
    for statement in (
        "delete from work.jobs",
        "update identity.users set name = 'x'",
        "with gone as (delete from work.jobs returning id) select * from gone",
        f"select work.cancel('{row[0]}')",
        "select 1; delete from work.jobs",
        "explain analyze delete from work.jobs",
        "create table public.mine ()",
        "create temporary table mine ()",
        "do $$ begin delete from work.jobs; end $$",
        "copy work.jobs to stdout",
        "set role renderstore_owner",
        "set transaction read write",
        "select set_config('role', 'renderstore_admin', true)",
        # What its own guard does not see.
        "select \"set_config\"('transaction_read_only', 'off', true)",
        "select \"set_config\"('role', 'renderstore_admin', true)",
        "select \"set_config\"('role', 'renderstore_auth', true)",
        "select nextval('public.x')",
        "select * from work.jobs for update",
        "select * from identity.user_secrets",
    ):
        status, said = reading.query(statement)
        assert (status, list(said)) == (400, ["error"]), statement
        status, _ = reading.ask(
            "/api/export", {"conn": reading.connection(), "sql": statement}
        )
        assert status == 400, statement
    # PostgreSQL 15 lets this run in a transaction that reads; that ends in a rollback.
    reading.query('select "lo_creat"(1)')
    assert answers(farm, "select from pg_largeobject_metadata") == []
    assert answers(farm, "select * from work.jobs order by id") == before


def test_the_login_itself_may_do_no_more_than_read(
    farm: Database, reading: Studio
) -> None:
    """Behind the page, the transaction and the role there is a login that can become nobody else."""
    (row,) = answers(
        farm,
        "select array_agg(role.rolname::text), bool_or(login.rolsuper or login.rolcreaterole),"
        " min(login.rolvaliduntil) - now() < '1 hour', bool_or(login.rolconfig @> '{default_transaction_read_only=on}')"
        " from pg_auth_members join pg_roles as role on role.oid = roleid"
        " join pg_roles as login on login.oid = member"
        f" where login.rolname = '{reading.login}' group by login.oid",
    )
    assert row == (["renderstore_readonly"], False, True, True)


def test_the_page_is_of_one_database(farm: Database, reading: Studio) -> None:
    status, found = reading.ask(
        f"/api/databases?conn={reading.connection().replace(' ', '%20')}"
    )
    assert (status, found["databases"]) == (200, [farm.name])
    question = {"conn": f"{reading.connection()}::postgres", "sql": "select 1"}
    assert reading.ask("/api/query", question) == (
        400,
        {"error": f"Connection error: this page shows {farm.name} alone"},
    )
    question = {"conn": reading.connection(), "db": "postgres", "sql": "select 1"}
    assert reading.ask("/api/query", question)[0] == 400


def test_values_are_what_postgresql_writes(reading: Studio) -> None:
    status, found = reading.query(
        "select true, 3, 9223372036854775807, 1.50, null, array['a', null],"
        " '{\"a\": [1]}'::jsonb, 'infinity'::timestamptz, '\\x00ff'::bytea, 'queued'::work.job_status, '%s'"
    )
    assert (status, found["rows"]) == (
        200,
        [
            [
                *(True, 3, "9223372036854775807", "1.50", None, "{a,NULL}"),
                *('{"a": [1]}', "infinity", "0x00FF", "queued", "%s"),
            ]
        ],
    )


def test_what_may_not_be_read_is_not_listed(reading: Studio) -> None:
    _, found = reading.ask(
        f"/api/tables?conn={reading.connection().replace(' ', '%20')}"
    )
    names = {each["name"] for each in found}
    assert {"work.jobs", "render.jobs", "identity.api_tokens"} <= names
    assert not names & {"identity.user_secrets", "_yoyo_log", "authjs.sessions"}


def test_nothing_that_is_written_or_answered_holds_a_secret(
    reading: Studio, folder: Path
) -> None:
    reading.query("select 'asked'")
    (home,) = folder.glob("renderstore-studio-*")
    assert home.stat().st_mode & 0o077 == 0
    assert [each.name for each in home.iterdir()] == ["history.jsonl"]
    assert "password" not in reading.ask("/api/conns")[1][0]
    assert not (folder / "theirs").exists()


def test_it_never_asks_for_updates(reading: Studio) -> None:
    assert reading.ask("/api/version?force=1")[1]["latest"] is None


# What may be written


def test_with_write_it_is_an_administrator_and_says_so(
    database: Database, writing: Studio
) -> None:
    assert "as an administrator (every row, no secrets)" in writing.said
    ((ann,),) = answers(
        database, "select id from identity.users where name ~ 'foreign'"
    )
    change = {"op": "update", "key": {"id": str(ann)}, "set": {"name": "Ann"}}
    asked = {"conn": writing.connection(), "table": "identity.users"}
    assert writing.ask("/api/edit", asked | {"changes": [change]})[0] == 200
    assert answers(database, f"select name from identity.users where id = '{ann}'") == [
        ("Ann",)
    ]
    # The audit trail names the person and the login.
    ((actor, login),) = answers(
        database, "select actor, login from audit.entries where actor ~ 'studio'"
    )
    assert actor.startswith("dba:")
    assert actor.endswith(", in the studio")
    assert login == writing.login
    # A broken rule is told in the house's words.
    change["set"] = {"name": ""}
    status, said = writing.ask("/api/edit", asked | {"changes": [change]})
    assert status == 400
    assert "A name has 1 to 200 characters." in said["error"]
    # Its walls hold.
    for statement in (
        "delete from work.jobs",
        "select * from identity.user_secrets",
        "select \"set_config\"('role', 'renderstore_owner', true)",
        "copy work.jobs to stdout",
        "select 1; select 2",
    ):
        assert writing.query(statement)[0] == 400, statement
    for name in ("conns/save", "conns/delete", "conns/test", "settings", "update"):
        assert writing.ask(f"/api/{name}", {})[0] == 404
    # And after a copy, which leaves a connection unusable, the next statement works.
    assert writing.query("select 1")[0] == 200


def test_write_on_another_host_asks_first(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Place(
        Path.cwd(),
        replace(settings.parse(database.url), is_local=False),
        replace(settings.parse(database.owner_url), is_local=False),
        None,
    )

    def find(**_: object) -> Place:
        return far

    monkeypatch.setattr(place, "find", find)
    said = CliRunner().invoke(cli, ["studio", "--write"])
    assert said.exit_code == 1
    assert f"{database.name} on {far.migrating.host} is not local." in said.output
    assert said.output.splitlines()[-1].startswith("Error: Nobody is there to answer")


# What is left


@pytest.mark.parametrize(
    ("by", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_its_end_removes_the_folder_and_the_login(
    database: Database, ending: Studio, tmp_path: Path, by: signal.Signals, status: int
) -> None:
    assert is_login(database, ending.login)
    assert list(tmp_path.glob("renderstore-studio-*"))
    assert ending.end(by) == status
    assert not is_login(database, ending.login)
    assert not list(tmp_path.glob("renderstore-studio-*"))
    assert ending.process.stdout is not None
    assert "Traceback" not in ending.process.stdout.read()


def test_its_end_waits_for_no_statement(database: Database, ending: Studio) -> None:
    slow = "select count(*) from generate_series(1, 10000000000)"
    link = http.client.HTTPConnection("127.0.0.1", ending.port)
    body = json.dumps({"conn": ending.connection(), "sql": slow, "timeout": 600})
    link.request(
        "POST",
        "/api/query",
        body,
        {
            "X-Rowbase": "1",
            "Cookie": f"renderstore_studio_{ending.port}={ending.key}",
            "Origin": f"http://127.0.0.1:{ending.port}",
        },
    )
    runs = f"select from pg_stat_activity where usename = '{ending.login}' and state = 'active' and query = '{slow}\nLIMIT 101'"
    while not answers(database, runs):
        pass
    assert ending.end() == 130
    assert not is_login(database, ending.login)
    while answers(database, runs):
        pass
    link.close()


def test_what_a_killed_one_left_goes_with_the_next(
    database: Database, ending: Studio, tmp_path: Path
) -> None:
    assert ending.end(signal.SIGKILL) == -9
    # Its guard, a process of its own, removes the folder.
    while list(tmp_path.glob("renderstore-studio-*")):
        pass
    assert is_login(database, ending.login)
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute(
            sql.SQL("alter role {} valid until '2020-01-01'").format(
                sql.Identifier(ending.login)
            )
        )
    with running(tmp_path, database.url, database.owner_url) as studio:
        assert not is_login(database, ending.login)
        assert is_login(database, studio.login)


def test_a_login_lives_as_long_as_its_page(database: Database) -> None:
    here = Place(
        Path.cwd(),
        settings.parse(database.url),
        settings.parse(database.owner_url),
        None,
    )
    with studio_login.entering(here, "readonly") as login:
        name = login.settings.user
        until = f"select rolvaliduntil > now() from pg_roles where rolname = '{name}'"
        with psycopg.connect(database.admin_url, autocommit=True) as conn:
            conn.execute(
                sql.SQL("alter role {} valid until '2020-01-01'").format(
                    sql.Identifier(name)
                )
            )
        login.prolong()
        assert answers(database, until) == [(True,)]
    assert not is_login(database, name)


@pytest.mark.parametrize(
    ("purpose", "option"), [("readonly", ()), ("admin", ("--write",))]
)
def test_a_login_for_this_alone_is_taken_as_it_is(
    database: Database, tmp_path: Path, purpose: str, option: tuple[str, ...]
) -> None:
    name = f"{database.name}_{purpose}"
    address = settings.parse(database.url).conninfo
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        for each in logins.statements(conn.info.server_version, purpose, name):
            conn.execute(each)
        conn.execute(
            sql.SQL("alter role {} login password {}").format(
                sql.Identifier(name), address.get("password", "none")
            )
        )
        try:
            url = settings.write_url(address | {"user": name})
            with running(tmp_path, url, None, *option) as studio:
                assert f"The login is {name}.\n" in studio.said
                _, found = studio.query("select session_user, current_user")
                assert found["rows"] == [[name, f"renderstore_{purpose}"]]
        finally:
            conn.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


# Sentences


def one_sentence(
    folder: Path, url: str, *options: str, direct: str | None = None
) -> str:
    said = subprocess.run(
        [*COMMAND, *options],
        cwd=folder,
        env=environment(folder, url, direct),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stdout) == (1, "")
    (line,) = said.stderr.splitlines()
    return line


def test_without_a_server_it_says_a_sentence(tmp_path: Path) -> None:
    said = one_sentence(tmp_path, "postgresql://nobody@127.0.0.1:1/nowhere")
    assert said == "Error: nowhere on 127.0.0.1 is not reached: Connection refused"


def test_without_the_extra_it_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(studio_page, "is_installed", lambda: False)
    said = CliRunner().invoke(cli, ["studio"])
    assert said.exit_code == 1
    assert said.output == (
        "Error: The studio is rowbase's page: pip install 'renderstore[studio]'.\n"
    )


def test_a_login_that_may_make_none_is_told_what_does(
    farm: Database, tmp_path: Path
) -> None:
    said = one_sentence(tmp_path, farm.url)
    assert "may not make a login for this (permission denied to create role)." in said
    assert "`renderstore login readonly NAME` made." in said


def test_a_database_without_migrations_is_told(
    empty_database: Database, tmp_path: Path
) -> None:
    said = one_sentence(tmp_path, empty_database.url, direct=empty_database.owner_url)
    assert "renderstore migrate" in said


def test_a_port_that_is_taken_is_a_sentence_and_leaves_nothing(
    farm: Database, reading: Studio, tmp_path: Path
) -> None:
    port = str(reading.port)
    said = one_sentence(tmp_path, farm.url, "--port", port, direct=farm.owner_url)
    assert said.startswith(
        f"Error: Port {port} is not to be had: Address already in use."
    )
    left = answers(
        farm, "select rolname from pg_roles where rolname ~ '^renderstore_studio_'"
    )
    assert (reading.login,) in left
    assert not list(tmp_path.glob("renderstore-studio-*"))


# The page itself


@pytest.fixture
def browser(tmp_path: Path) -> Generator[Page]:
    with browsing(tmp_path / "chromium") as page:
        yield page


def shown(page: Page, name: str, tmp_path: Path) -> None:
    """Keep a picture where somebody asked for them."""
    page.picture(tmp_path / name)
    if folder := os.environ.get("RENDERSTORE_PICTURES"):
        shutil.copy(tmp_path / name, folder)


def open_table(page: Page, name: str) -> None:
    page.until(f"document.querySelector('#tableList [data-t=\"{name}\"]')")
    page.run(f"document.querySelector('#tableList [data-t=\"{name}\"]').click()")
    page.until(f"document.querySelector('{FIRST_ROW}')")


def type_statement(page: Page, statement: str) -> None:
    page.run("document.querySelector('#newConsole').click()")
    page.until("document.querySelector('.pane:not([hidden]) .editor textarea')")
    page.run(
        "(() => { const pane = document.querySelector('.pane:not([hidden])');"
        f" pane.querySelector('textarea').value = {json.dumps(statement)};"
        " pane.querySelector('textarea').dispatchEvent(new Event('input'));"
        " pane.querySelector('.run').click(); })()"
    )


def wait_for_toast(page: Page, text: str) -> None:
    page.until(
        "[...document.querySelectorAll('.toast')]"
        f".some(e => e.innerText.includes({json.dumps(text)}))"
    )


def fetched(page: Page, path: str, body: object) -> int:
    """The status that the page's own script gets."""
    return int(
        page.run(
            f"fetch('{path}', {{method: 'POST', headers: {{'X-Rowbase': '1'}},"
            f" body: {json.dumps(json.dumps(body))}}}).then(r => r.status)"
        )
    )


@needs_chromium
def test_the_page_shows_jobs_and_follows_a_foreign_key(
    farm: Database, reading: Studio, browser: Page, tmp_path: Path
) -> None:
    browser.open(reading.address)
    browser.until("location.search === '' && document.querySelector('#tableList .t')")
    assert browser.run("document.cookie") == ""
    assert browser.run("document.title") == "renderstore"
    assert browser.run("document.querySelector('#connBadge').innerText") == "read-only"
    for hidden in ("connBtn", "aiBtn", "updBtn", "db"):
        assert browser.run(f"document.getElementById('{hidden}').offsetParent") is None
    shown(browser, "first.png", tmp_path)

    open_table(browser, "work.jobs")
    assert browser.run(f"document.querySelectorAll('{FIRST_ROW}').length") == 3
    shown(browser, "jobs.png", tmp_path)

    browser.run(f"document.querySelector('{FIRST_ROW} .ref').click()")
    browser.until("document.querySelectorAll('.tab').length === 2")
    browser.until(f"document.querySelectorAll('{FIRST_ROW}').length === 1")
    assert "identity.owners" in browser.run("document.querySelector('.tab.on').title")
    shown(browser, "owner.png", tmp_path)

    open_table(browser, "identity.users")
    browser.until(
        f"document.querySelector('{FIRST_ROW}').innerText.includes('onerror')"
    )
    shown(browser, "users.png", tmp_path)

    browser.run(
        "document.querySelector('.pane:not([hidden]) [data-v=structure]').click()"
    )
    browser.until("document.querySelector('.pane:not([hidden]) .structure tbody tr')")
    shown(browser, "structure.png", tmp_path)

    # Whatever it did, and whatever a row held, it asked nobody else.
    assert {
        urlsplit(each).netloc
        for each in browser.requests
        if not each.startswith("data:")
    } == {f"127.0.0.1:{reading.port}"}
    assert browser.problems == []


@needs_chromium
def test_the_page_refuses_to_write(
    farm: Database, reading: Studio, browser: Page, tmp_path: Path
) -> None:
    browser.open(reading.address)
    browser.until("document.querySelector('#tableList .t')")
    open_table(browser, "identity.users")
    # A double click would begin an edit.
    browser.run(
        f"document.querySelector('{FIRST_ROW} td[data-c]').dispatchEvent("
        "new MouseEvent('dblclick', {bubbles: true}))"
    )
    wait_for_toast(browser, "start it with --write to edit")

    type_statement(browser, "delete from work.jobs")
    wait_for_toast(browser, "Refused: read-only connection")
    shown(browser, "refused.png", tmp_path)
    type_statement(
        browser, "with gone as (delete from work.jobs returning id) select * from gone"
    )
    wait_for_toast(browser, "in a read-only transaction")
    connection = reading.connection()
    as_writing = {
        "conn": {"id": connection, "name": "x", "driver": "postgres", "readOnly": False}
    }
    assert fetched(browser, "/api/conns/save", as_writing) == 404
    assert fetched(browser, "/api/conns/delete", {"id": connection}) == 404
    assert fetched(browser, "/api/settings", {"mcp": {"allowWrites": True}}) == 404
    change: dict[str, object] = {
        "conn": connection,
        "table": "identity.users",
        "changes": [{"op": "insert", "values": {}}],
    }
    assert fetched(browser, "/api/edit", change) == 404
    assert (
        fetched(browser, "/api/query", {"conn": connection, "sql": "select 1"}) == 200
    )
    assert answers(farm, "select count(*) from work.jobs") == [(3,)]


@needs_chromium
def test_the_page_writes_where_it_was_told_to(
    database: Database, writing: Studio, browser: Page, tmp_path: Path
) -> None:
    browser.open(writing.address)
    browser.until("document.querySelector('#tableList .t')")
    assert browser.run("document.querySelector('#connBadge').innerText") == "READ-WRITE"
    open_table(browser, "identity.users")
    cell = (
        f"[...document.querySelectorAll('{FIRST_ROW} td[data-c]')]"
        ".find(e => e.innerText.includes('foreign.example'))"
    )
    browser.run(f"{cell}.dispatchEvent(new MouseEvent('dblclick', {{bubbles: true}}))")
    browser.until("document.querySelector('.pop textarea')")
    browser.run("document.querySelector('.pop textarea').value = 'Ann'")
    browser.run("document.querySelector('.pop [data-a=ok]').click()")
    shown(browser, "edit.png", tmp_path)
    browser.run("document.querySelector('.pane:not([hidden]) .save').click()")
    wait_for_toast(browser, "Saved 1 change")
    assert answers(database, "select name from identity.users") == [("Ann",)]


@needs_chromium
def test_the_address_opens_from_another_page_and_a_wrong_one_does_not(
    reading: Studio, browser: Page, tmp_path: Path
) -> None:
    browser.open(reading.address.replace("key=", "key=x"))
    assert "Open the address" in browser.run("document.body.innerText")
    browser.open(f"http://127.0.0.1:{reading.port}/")
    assert "Open the address" in browser.run("document.body.innerText")
    # A strict cookie is not sent where another page began: a link must open it all the same.
    page = tmp_path / "mail.html"
    page.write_text(f'<a href="{reading.address}">the studio</a>')
    browser.open(page.as_uri())
    browser.run("document.querySelector('a').click()")
    browser.until("document.querySelector('#tableList .t')")


@needs_chromium
def test_a_page_elsewhere_reaches_nothing(
    reading: Studio, browser: Page, tmp_path: Path
) -> None:
    browser.open(reading.address)
    browser.until("document.querySelector('#tableList .t')")
    page = tmp_path / "evil.html"
    page.write_text("<p>evil</p>")
    browser.open(page.as_uri())
    at = f"http://127.0.0.1:{reading.port}"
    for path, options in (
        ("/api/conns", "{headers: {'X-Rowbase': '1'}, credentials: 'include'}"),
        (
            "/api/query",
            "{method: 'POST', body: '{}', credentials: 'include', mode: 'no-cors'}",
        ),
    ):
        # What is refused without rights to read it is opaque or fails: never an answer.
        assert (
            browser.run(f"fetch('{at}{path}', {options}).then(r => r.text(), () => '')")
            == ""
        )
