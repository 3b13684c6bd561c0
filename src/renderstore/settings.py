"""Where the database is and how it is reached: one URL, its parameters, the environment.

Arguments win over the URL, the URL over the environment, the environment over the files
`.env.local` and `.env`, these over defaults.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import quote, unquote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from renderstore._environment import ENV_FILES, EnvFile, find_environment
from renderstore.errors import Misconfigured

POOL_SIZE = 20
POOL_TIMEOUT = 30.0
MAX_LAG = 10.0

_SCHEME = re.compile(r"postgres(?:ql)?(?:\+(?:psycopg|psycopg2|asyncpg))?")
_ESCAPE = (
    "Write special characters in the user name and the password as %XX"
    " (@ is %40, / is %2F, : is %3A, ? is %3F, # is %23, % is %25)."
)
_EXAMPLE = "postgresql://LOGIN:PASSWORD@HOST:5432/DATABASE"
_DROPPED = {
    "schema": "names are always schema-qualified here",
    "socket_timeout": "set statement_timeout on the login instead",
    "statement_cache_size": "pgbouncer=true is what turns prepared statements off",
    "sslaccept": "sslmode says how a certificate is checked",
}
_KEYWORDS = re.compile(r"\s*\w+\s*=")
_YES = {"1", "true", "yes", "on"}
_NO = {"0", "false", "no", "off", ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A database's address and the pool in front of it. Its repr holds no password."""

    parameters: Mapping[str, str] = field(repr=False)
    host: str
    port: int
    dbname: str
    user: str
    is_local: bool
    pool_size: int = POOL_SIZE
    pool_timeout: float = POOL_TIMEOUT
    pooler: bool | None = None
    """Whether a transaction pooler stands between; None where nobody said."""
    notes: tuple[str, ...] = ()
    reads: Settings | None = field(default=None, repr=False)
    """Where reads go, if they do not go to the primary."""
    max_lag: float = MAX_LAG
    """How many seconds a replica may be behind before the primary answers in its place."""
    is_replica: bool = False
    """Whether something else answers where this does not: it is given up at the first failure."""

    @property
    def conninfo(self) -> dict[str, str]:
        """What psycopg.connect takes as keywords."""
        return dict(self.parameters)

    @property
    def url(self) -> str:
        """An address that libpq and psql take, password included."""
        return write_url(self.parameters)

    @property
    def ports(self) -> str:
        """The port, or each host's, as libpq writes them."""
        return self.parameters.get("port") or str(self.port)

    @property
    def has_another(self) -> bool:
        """Whether a server that is gone has another one in its place."""
        return self.is_replica or "," in self.host

    @property
    def where(self) -> str:
        """The database and its machine, as a person names them."""
        return f"{self.dbname} on {self.host or 'this machine'}"

    @property
    def safe_url(self) -> str:
        """An address to show to people."""
        shown = {
            "host": self.host,
            "port": self.ports,
            "dbname": self.dbname,
            "user": self.user,
        }
        return write_url(shown)

    def bounded(self, *, size: int, seconds: float, pooler: bool) -> Settings:
        """The same database for a few connections that wait no longer than this: for the pool, a statement, the network."""
        milliseconds = str(round(seconds * 1000))
        parameters = {
            "tcp_user_timeout": milliseconds,
            "keepalives_idle": str(max(1, round(seconds / 2))),
            "keepalives_interval": str(max(1, round(seconds / 6))),
            "keepalives_count": "3",
            **self.parameters,
        }
        # A transaction pooler takes no options.
        if not pooler:
            given = self.parameters.get("options", "")
            parameters["options"] = (
                f"{given} -c statement_timeout={milliseconds}".strip()
            )
        return replace(
            self,
            parameters=parameters,
            pool_size=size,
            pool_timeout=seconds,
            pooler=pooler or self.pooler,
            notes=(),
            reads=None,
        )

    def environment(self) -> dict[str, str]:
        """The PG* variables that give libpq's programs the same connection."""
        names = {
            option.keyword.decode(): option.envvar.decode()
            for option in Conninfo.get_defaults()
            if option.envvar
        }
        return {
            names[keyword]: value
            for keyword, value in self.parameters.items()
            if keyword in names
        }


def load(
    url: str | None = None,
    *,
    pool_size: int | None = None,
    pool_timeout: float | None = None,
    pooler: bool | None = None,
    reads: str | None = None,
    max_lag: float | None = None,
    env_file: EnvFile = ENV_FILES,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """The settings of this process: the given URL, else DATABASE_URL, else that of `.env.local` or `.env`.

    READ_URL stands beside DATABASE_URL: whoever gives a URL gives both.
    """
    environ = os.environ if environ is None else environ
    if url is None:
        environ, why_not = find_environment(environ, env_file)
        if why_not:
            raise Misconfigured(
                f"DATABASE_URL is not set {why_not}. Set it to the working login's address"
                f" ({_EXAMPLE}), or pass that address to connect()."
            )
        url = environ["DATABASE_URL"]
        reads = environ.get("READ_URL") if reads is None else reads
    if not url.strip():
        raise Misconfigured(f"The database's URL is empty; it looks like {_EXAMPLE}.")
    found = parse(
        url,
        pool_size=pool_size,
        pool_timeout=pool_timeout,
        pooler=pooler,
        environ=environ,
    )
    if reads is None or not reads.strip():
        return found
    try:
        replica = parse(
            reads,
            pool_size=pool_size,
            pool_timeout=pool_timeout,
            pooler=pooler,
            max_lag=max_lag,
            is_replica=True,
            environ=environ,
        )
    except Misconfigured as error:
        raise Misconfigured(f"READ_URL (connect(reads=…)): {error}") from None
    return replace(found, reads=replica)


def load_farms(
    home: str | None = None,
    farms: Mapping[int, str] | None = None,
    *,
    pool_size: int | None = None,
    pool_timeout: float | None = None,
    pooler: bool | None = None,
    env_file: EnvFile = ENV_FILES,
    environ: Mapping[str, str] | None = None,
) -> tuple[Settings, dict[int, Settings]]:
    """Home's settings and each farm's: given, or DATABASE_URL and FARM_URLS, which stand beside each other.

    Home is farm 1, unless that is named; where none is named, it is all there is. READ_URL is home's, FARM_READ_URLS
    the others'.
    """
    environ = os.environ if environ is None else environ
    homes_reads: str | None = None
    reads: Mapping[int, str] = {}
    if home is None:
        environ, why_not = find_environment(environ, env_file)
        if why_not:
            raise Misconfigured(
                f"DATABASE_URL is not set {why_not}. Set it to home's address ({_EXAMPLE}),"
                " or pass that address to connect_farms()."
            )
        home = environ["DATABASE_URL"]
        homes_reads = environ.get("READ_URL")
        if farms is None:
            farms = farm_urls(environ)
            reads = farm_urls(environ, "FARM_READ_URLS")
    by_number = {1: home, **(farms or {})}
    for number in reads:
        if by_number.get(number, home) == home:
            raise Misconfigured(
                f"FARM_READ_URLS names farm {number}, which FARM_URLS does not;"
                " home's replicas stand in READ_URL."
            )
    read = partial(
        load,
        pool_size=pool_size,
        pool_timeout=pool_timeout,
        pooler=pooler,
        environ=environ,
    )
    at_home = read(home, reads=homes_reads)
    found: dict[int, Settings] = {}
    for number, url in by_number.items():
        try:
            found[_farm(number)] = read(
                url, reads=homes_reads if url == home else reads.get(number)
            )
        except Misconfigured as error:
            raise Misconfigured(f"Farm {number} (FARM_URLS): {error}") from None
    return at_home, found


def farm_urls(environ: Mapping[str, str], name: str = "FARM_URLS") -> dict[int, str]:
    """What a variable names: `1=URL 2=URL`, with spaces or new lines between; nothing where it is not set."""
    found: dict[int, str] = {}
    for each in environ.get(name, "").split():
        number, mark, url = each.partition("=")
        # What stands before "://" is no password, the rest may hold one.
        if not mark or not number.isdecimal() or not _SCHEME.match(url):
            raise Misconfigured(
                f"{name} names farms as NUMBER=URL, with a space between two:"
                f" 1={_EXAMPLE} 2={_EXAMPLE}."
            )
        if int(number) in found:
            raise Misconfigured(f"{name} names farm {number} twice.")
        found[int(number)] = url
    return found


def _farm(number: object) -> int:
    if (
        not isinstance(number, int)
        or isinstance(number, bool)
        or not 1 <= number <= 32767
    ):
        raise Misconfigured(f"a farm's number is from 1 to 32767, not {number!r}.")
    return number


def parse(
    url: str,
    *,
    pool_size: int | None = None,
    pool_timeout: float | None = None,
    pooler: bool | None = None,
    max_lag: float | None = None,
    is_replica: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """The settings that a URL stands for; a sentence that shows no password if it cannot be read."""
    environ = os.environ if environ is None else environ
    address, query = _split(url.strip())
    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    extra: dict[str, str] = {}
    kept: dict[str, str] = {}
    for name, value in query.items():
        (kept if name in known else extra)[name] = value

    size = extra.pop("connection_limit", None) or environ.get("RENDERSTORE_POOL_SIZE")
    wait = extra.pop("pool_timeout", None) or environ.get("RENDERSTORE_POOL_TIMEOUT")
    behind = extra.pop("pgbouncer", None) or environ.get("RENDERSTORE_POOLER")
    lag = extra.pop("max_lag", None) or environ.get("RENDERSTORE_MAX_LAG")
    notes = _translate_ssl(kept, extra)
    notes += [
        f"The URL parameter {name!r} was dropped: {_DROPPED.get(name, 'PostgreSQL does not know it')}."
        for name in extra
    ]
    parameters = _read(address, kept)
    defaults = {
        option.keyword.decode(): option.val.decode()
        for option in Conninfo.get_defaults()
        if option.val
    }
    hosts = (parameters.get("host") or defaults.get("host") or "").split(",")
    addresses = (parameters.get("hostaddr") or defaults.get("hostaddr") or "").split(
        ","
    )
    local = "service" not in parameters and all(
        _is_local(host) for host in (addresses if any(addresses) else hosts)
    )
    if not local and "sslmode" not in parameters and not environ.get("PGSSLMODE"):
        parameters["sslmode"] = "require"
    if is_replica:
        # One that was promoted is no replica, and may be no longer whose primary it is.
        parameters.setdefault("target_session_attrs", "standby")
    elif max(len(hosts), len(addresses)) > 1 and not environ.get(
        "PGTARGETSESSIONATTRS"
    ):
        parameters.setdefault("target_session_attrs", "primary")
    user = parameters.get("user") or defaults.get("user") or ""
    ports = parameters.get("port") or defaults.get("port") or "5432"
    return Settings(
        parameters=parameters,
        host=",".join(hosts),
        port=int(ports.split(",")[0] or 5432),
        dbname=parameters.get("dbname") or defaults.get("dbname") or user,
        user=user,
        is_local=local,
        pool_size=_whole(pool_size if pool_size is not None else size),
        pool_timeout=_seconds(
            pool_timeout if pool_timeout is not None else wait,
            POOL_TIMEOUT,
            "The pool's timeout (pool_timeout, RENDERSTORE_POOL_TIMEOUT)",
        ),
        pooler=pooler if pooler is not None else _flag(behind),
        notes=tuple(notes),
        max_lag=_seconds(
            max_lag if max_lag is not None else lag,
            MAX_LAG,
            "How far a replica may be behind (max_lag, RENDERSTORE_MAX_LAG)",
        ),
        is_replica=is_replica,
    )


def _split(url: str) -> tuple[str, dict[str, str]]:
    """The address without scheme and parameters, and the parameters."""
    if "://" not in url and _KEYWORDS.match(url):
        return "", _keywords(url)
    scheme, mark, rest = url.partition("://")
    if not mark or not _SCHEME.fullmatch(scheme):
        # What stands before "://" is not shown: without a scheme it may be a password.
        raise Misconfigured(
            "The database's URL must start with postgresql:// (postgres:// and"
            f" postgresql+psycopg:// are understood too), as in {_EXAMPLE}."
        )
    address, _, query = rest.partition("?")
    authority, _, path = address.partition("/")
    login, _, server = authority.rpartition("@")
    if re.search(r"[@\[\]#\s]|%(?![0-9A-Fa-f]{2})", login) or re.search(
        r"[@#\s]", path + server
    ):
        raise Misconfigured(
            f"The database's URL holds a character that must be escaped. {_ESCAPE}"
        )
    each_host = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:\d*)?")
    if not all(each_host.fullmatch(host) for host in server.split(",")):
        raise Misconfigured(
            "The database's URL has no number where the port should be."
            f" If the password holds special characters: {_ESCAPE}"
        )
    parameters: dict[str, str] = {}
    for item in filter(None, query.split("&")):
        name, equals, value = item.partition("=")
        if not equals:
            raise Misconfigured(
                "The database's URL holds a parameter without a value."
                f" If the password holds special characters: {_ESCAPE}"
            )
        parameters[unquote(name)] = unquote(value)
    return address, parameters


def _keywords(conninfo: str) -> dict[str, str]:
    """libpq's other way of writing the same: host=a,b dbname=farm."""
    try:
        found = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        raise Misconfigured(
            "The database's address cannot be read: as keywords of libpq it looks like"
            f" host=HOST dbname=DATABASE user=LOGIN, as a URL like {_EXAMPLE}."
        ) from None
    return {name: str(value) for name, value in found.items() if value is not None}


def _translate_ssl(kept: dict[str, str], extra: dict[str, str]) -> list[str]:
    """Node's ways of asking for TLS, in libpq's words."""
    if kept.get("sslmode") == "no-verify":
        kept["sslmode"] = "require"
        return ["sslmode=no-verify was read as sslmode=require, which means the same."]
    if extra.get("ssl", "").lower() in {"true", "1", "require"}:
        kept.setdefault("sslmode", "require")
        del extra["ssl"]
        return ["ssl=true was read as sslmode=require."]
    return []


def _read(address: str, parameters: Mapping[str, str]) -> dict[str, str]:
    try:
        read = conninfo_to_dict(f"postgresql://{address}", **parameters)
    except psycopg.ProgrammingError:
        # libpq's words quote what they could not read.
        raise Misconfigured(
            f"The database's URL cannot be read; it looks like {_EXAMPLE}. {_ESCAPE}"
        ) from None
    return {name: str(value) for name, value in read.items() if value is not None}


def write_url(parameters: Mapping[str, str]) -> str:
    """A URL that libpq and psql take, out of libpq's keywords."""
    rest = dict(parameters)
    user, password = rest.pop("user", ""), rest.pop("password", "")
    host, port, dbname = (
        rest.pop("host", ""),
        rest.pop("port", ""),
        rest.pop("dbname", ""),
    )
    login = quote(user, safe="")
    if password:
        login += ":" + quote(password, safe="")
    plain = bool(re.fullmatch(r"[A-Za-z0-9._-]+", host))
    if not plain and host:
        rest = {"host": host, **rest}
    if port and not plain:
        rest["port"] = port
    server = f"{host}:{port}" if plain and port else host if plain else ""
    return (
        "postgresql://"
        + (f"{login}@" if login else "")
        + f"{server}/{quote(dbname, safe='')}"
        + (f"?{urlencode(rest, quote_via=quote, safe='/')}" if rest else "")
    )


def _is_local(host: str) -> bool:
    if not host or host.startswith(("/", "@")) or host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _whole(value: int | str | None) -> int:
    if value is None:
        return POOL_SIZE
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 1:
        raise Misconfigured(
            f"The pool's size (connection_limit, RENDERSTORE_POOL_SIZE) is a whole number from 1, not {value!r}."
        )
    return number


def _seconds(value: float | str | None, default: float, what: str) -> float:
    if value is None:
        return default
    try:
        number = float(value)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        raise Misconfigured(f"{what} is a number of seconds above 0, not {value!r}.")
    return number


def _flag(value: str | None) -> bool | None:
    if value is None:
        return None
    word = value.strip().lower()
    if word not in _YES | _NO:
        raise Misconfigured(
            f"pgbouncer (RENDERSTORE_POOLER) is true or false, not {value!r}."
        )
    return word in _YES
