"""rowbase's page on this database: the one module that knows rowbase.

Its request handler runs in this process behind a gate of ours, so no port answers without the key. What the page asks of a
database goes through one driver, whose sessions are psycopg's: any address that libpq takes, one login, one role.
"""

from __future__ import annotations

import importlib
import os
import secrets
import sys
import tempfile
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click
import psycopg
from psycopg import errors as psycopg_errors
from psycopg.pq import ExecStatus

from renderstore import errors
from renderstore.cli.studio_login import Login
from renderstore.server import guarded

HOST = "127.0.0.1"

READING = frozenset(
    {
        *(f"GET {path}" for path in ("/", "/app.css", "/app.js")),
        *(
            f"GET /api/{name}"
            for name in (
                *("conns", "databases", "tables", "table"),
                *("reftables", "history", "settings", "version"),
            )
        ),
        *(
            f"POST /api/{name}"
            for name in ("query", "values", "build", "resolve", "refresh", "export")
        ),
    }
)
WRITING = frozenset({"POST /api/edit"})

# The page runs its own files and talks to nobody else, whatever a row may hold.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

# The cookie is strict: a redirect that began on somebody else's page would come without it. This page is ours.
_WELCOME = b"""<!doctype html><meta charset="utf-8"><title>renderstore</title><link rel="icon" href="data:,">
<meta http-equiv="refresh" content="0; url=/"><a href="/">Go on</a>
"""

# What the page offers for what is not here.
_HIDDEN = b"\n#connBtn, #aiBtn, #updBtn, #db { display: none !important; }\n"
_RENAMED = {
    # And no icon, for which a browser would ask.
    b"<title>Rowbase</title>": b'<title>renderstore</title><link rel="icon" href="data:,">',
    b"enable writes in Connections to edit": b"start it with --write to edit",
}

_BOOLEAN, _BYTES, _WHOLE = 16, 17, frozenset({20, 21, 23})
_EXACT = 1 << 53
"""From here on JavaScript rounds whole numbers; as text they stay what they are."""


@dataclass(frozen=True, slots=True)
class What:
    """What a page shows, and as whom."""

    name: str
    database: str
    login: Login
    actor: str
    may_write: bool
    is_local: bool


def is_installed() -> bool:
    """Whether rowbase is there."""
    return find_spec("rowbase") is not None


@contextmanager
def serving(what: What, port: int) -> Generator[str]:
    """The page's address, while it answers; its folder goes with this process, even a killed one."""
    folder = tempfile.mkdtemp(prefix="renderstore-studio-")
    with guarded('rm -rf "$1"', folder):
        sessions = _Sessions(what)
        handler = _rowbase(folder, what, sessions)
        key = secrets.token_urlsafe(32)
        with _bound(port, handler, key, what.may_write) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield f"{server.origin}/?key={key}"
            finally:
                server.shutdown()
                sessions.cancel()


class _Server(ThreadingHTTPServer):
    def __init__(
        self, port: int, handler: type[_Gate], key: str, may_write: bool
    ) -> None:
        super().__init__((HOST, port), handler)
        self.key = key
        self.routes = READING | WRITING if may_write else READING
        at = self.server_address[1]
        self.origin = f"http://{HOST}:{at}"
        self.hosts = (f"{HOST}:{at}", f"localhost:{at}")
        # Cookies know no ports: two studios must not take each other's.
        self.cookie = f"renderstore_studio_{at}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away is no news; all else is a line, not a traceback."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError):
            print(f"The page failed: {error}", file=sys.stderr)


def _bound(port: int, handler: type[_Gate], key: str, may_write: bool) -> _Server:
    try:
        return _Server(port, handler, key, may_write)
    except OSError as error:
        raise click.ClickException(
            f"Port {port} is not to be had: {error.strerror}. Another --port, or none, is."
        ) from error


class _Gate(BaseHTTPRequestHandler):
    """Stands before every request of every method: what it does not let through is not there."""

    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]
    sys_version = ""

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        url = urlsplit(self.path)
        if self.headers.get("Host") not in self.server.hosts:
            return self._refuse(HTTPStatus.FORBIDDEN, "This page is of this machine.")
        given = parse_qs(url.query).get("key")
        if given and url.path == "/" and self.command == "GET":
            if _same(given[0], self.server.key):
                return self._welcome()
        elif _same(self._cookie(), self.server.key):
            if not self._is_from_the_page():
                return self._refuse(HTTPStatus.FORBIDDEN, "Another page asked this.")
            if f"{self.command} {url.path}" in self.server.routes:
                return True
            return self._refuse(HTTPStatus.NOT_FOUND, "This is not here.")
        return self._refuse(
            HTTPStatus.FORBIDDEN, "Open the address that the studio printed."
        )

    def end_headers(self) -> None:
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def _cookie(self) -> str:
        # By hand: http.cookies stops at what other programs of this machine set.
        for each in self.headers.get("Cookie", "").split(";"):
            name, _, value = each.strip().partition("=")
            if name == self.server.cookie:
                return value
        return ""

    def _is_from_the_page(self) -> bool:
        own = [f"http://{host}" for host in self.server.hosts]
        origin = self.headers.get("Origin")
        return origin in own or (origin is None and self.command == "GET")

    def _welcome(self) -> bool:
        self.send_response(HTTPStatus.OK)
        self.send_header(
            "Set-Cookie",
            f"{self.server.cookie}={self.server.key}; HttpOnly; SameSite=Strict; Path=/",
        )
        return self._answer("text/html", _WELCOME)

    def _refuse(self, status: HTTPStatus, why: str) -> bool:
        self.send_response(status)
        return self._answer(
            "application/json", b'{"error": "%s"}\n' % why.encode("ascii")
        )

    def _answer(self, kind: str, body: bytes) -> bool:
        """Ends the request: false, so that no handler sees it."""
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)
        return False


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode())


def _rowbase(folder: str, what: What, sessions: _Sessions) -> type[_Gate]:
    """rowbase's handler behind the gate, with one connection and no way to another."""
    for name in [each for each in os.environ if each.startswith("ROWBASE_")]:
        del os.environ[name]
    os.environ |= {
        "ROWBASE_HOME": folder,
        "ROWBASE_SECRETS": "file",
        "ROWBASE_NO_UPDATE_CHECK": "1",
    }
    connection = {
        # Two colons would name another database.
        "id": what.name.replace(":", "."),
        "name": what.name,
        "driver": "postgres",
        "database": what.database,
        "user": what.login.role,
        "readOnly": not what.may_write,
        "env": "local" if what.is_local else "prod",
    }
    store, update, drivers = _module("store"), _module("update"), _module("drivers")

    def load() -> list[dict[str, Any]]:
        return [dict(connection)]

    def latest(*_: object) -> None:
        return None

    # Nothing that is saved is ever read.
    store.load = load
    # `?force=1` would ask GitHub all the same.
    update.latest = latest
    driver = drivers.Postgres()
    driver.connect = sessions.open
    driver.begin = sessions.begin
    driver.databases_sql = driver.current_db_sql
    _narrow(driver, "tables_sql", " ORDER BY 1", "has_any_column_privilege")
    _narrow(_module("refs"), "catalog_sql", " GROUP BY 1, c.oid", "has_table_privilege")
    drivers.DRIVERS.clear()
    drivers.DRIVERS[driver.name] = driver
    sessions.cursor = drivers._PGCursor
    base: Any = _module("server").Handler

    class Handler(_Gate, base):  # type: ignore[misc]
        def send(
            self, code: int, body: Any, ctype: str = "application/json; charset=utf-8"
        ) -> None:
            if self.path == "/app.css":
                body += _HIDDEN
            elif self.path in ("/", "/app.js"):
                for old, new in _RENAMED.items():
                    body = body.replace(old, new)
            base.send(self, code, body, ctype)

    return Handler


def _narrow(owner: Any, name: str, before: str, privilege: str) -> None:
    """Let one of its questions of the catalog name only what this login may read."""
    asked: Callable[..., str] = getattr(owner, name)

    def readable(*arguments: object) -> str:
        return asked(*arguments).replace(
            before, f" AND {privilege}(c.oid, 'select'){before}"
        )

    setattr(owner, name, readable)


def _module(name: str) -> Any:
    """One of rowbase's; it has no types."""
    return importlib.import_module(f"rowbase.{name}")


class _Session:
    """What rowbase asks of a connection."""

    def __init__(
        self, conn: psycopg.Connection, cursor: Callable[[Any, Any, int], Any]
    ) -> None:
        self.conn = conn
        self._cursor = cursor

    @property
    def alive(self) -> bool:
        return not self.conn.closed

    def prepared(self, statement: str) -> Any:
        """One statement, which the protocol sees to, and its rows as PostgreSQL writes them."""
        result = self.conn.pgconn.exec_params(statement.encode(), None)
        if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            if result.status != ExecStatus.FATAL_ERROR:
                # A copy, which has no end here.
                self.close()
                raise RuntimeError("COPY is for psql.")
            raise RuntimeError(_said(psycopg_errors.error_from_result(result)))
        columns = range(result.nfields)
        kinds = [result.ftype(at) for at in columns]
        rows = [
            [_value(result.get_value(row, at), kinds[at]) for at in columns]
            for row in range(result.ntuples)
        ]
        names = [{"name": (result.fname(at) or b"").decode()} for at in columns]
        return self._cursor(rows, names, result.command_tuples or 0)

    def commit(self) -> None:
        self.conn.execute("commit")

    def rollback(self) -> None:
        self.conn.execute("rollback")

    def close(self) -> None:
        self.conn.close()


class _Sessions:
    """Every connection that the page has, each transaction entered as the house enters a scope."""

    cursor: Callable[[Any, Any, int], Any]

    def __init__(self, what: What) -> None:
        self._what = what
        self._open: list[_Session] = []

    def open(self, connection: dict[str, Any], *_: object) -> _Session:
        if connection.get("database") != self._what.database:
            raise ValueError(f"this page shows {self._what.database} alone")
        conn = psycopg.connect(
            self._what.login.settings.url,
            autocommit=True,
            connect_timeout=10,
            application_name="renderstore studio",
            client_encoding="utf8",
            prepare_threshold=None,
        )
        self._open = [each for each in self._open if each.alive]
        session = _Session(conn, self.cursor)
        self._open.append(session)
        return session

    def begin(self, session: _Session, _read_only: bool, timeout: float) -> None:
        """What rowbase believes about reading is not asked."""
        what = self._what
        session.conn.execute("begin" if what.may_write else "begin read only")
        session.conn.execute(
            "select identity.bind(%s, null, %s),"
            " set_config('statement_timeout', %s, true)",
            [what.login.role, what.actor, str(int(timeout) * 1000)],
        )

    def cancel(self) -> None:
        """End what still runs. Closing is for the process's end: a thread may be in the middle."""
        for each in self._open:
            with suppress(psycopg.Error):
                each.conn.cancel_safe(timeout=2)


def _said(error: psycopg.Error) -> str:
    """The house's sentence for a broken rule; for all else PostgreSQL's own, which says where to look."""
    found = error.diag
    if found.constraint_name is not None:
        return str(errors.translate(error))
    said = (found.message_primary or str(error)).strip()
    if said.startswith("permission denied for table"):
        return (
            f"{said}; if some of its columns are open, the query builder can name them"
        )
    return f"{said}. {found.message_hint}" if found.message_hint else said


def _value(raw: bytes | None, kind: int) -> str | int | bool | None:
    if raw is None:
        return None
    if kind == _BOOLEAN:
        return raw == b"t"
    if kind in _WHOLE and abs(number := int(raw)) < _EXACT:
        return number
    text = raw.decode()
    # As its filters write bytes.
    return "0x" + text[2:].upper() if kind == _BYTES else text
