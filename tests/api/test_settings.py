"""One URL says where the database is; what people know from elsewhere is understood."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from renderstore import aconnect, connect
from renderstore.errors import Misconfigured
from renderstore.settings import load, load_farms, parse, write_url
from renderstore.testing import Database

REMOTE = "postgresql://web:s3cret@db.example.com:5433/farm"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_usual_scheme_is_understood(scheme: str) -> None:
    found = parse(f"{scheme}://web:s3cret@db.example.com:5433/farm", environ={})
    assert (found.host, found.port, found.dbname, found.user) == (
        "db.example.com",
        5433,
        "farm",
        "web",
    )
    assert found.conninfo["password"] == "s3cret"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the process stands in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_missing_url_says_what_to_set(folder: Path) -> None:
    for environ in ({}, {"DATABASE_URL": ""}, {"DATABASE_URL": "  "}):
        with pytest.raises(Misconfigured) as caught:
            load(environ=environ)
        assert (
            "DATABASE_URL is not set in the environment, and"
            f" {folder} has no .env.local or .env. Set it to"
        ) in str(caught.value)


def test_a_missing_url_names_the_files_that_do_not_set_it(folder: Path) -> None:
    (folder / ".env").write_text("OTHER=1\nDATABASE_URL=\n")
    with pytest.raises(Misconfigured, match=r"nor in .*/\.env\. Set it to"):
        load(environ={})


@pytest.mark.parametrize(
    ("environ", "files", "database"),
    [
        ({"DATABASE_URL": "postgresql:///said"}, [".env.local", ".env"], "said"),
        ({}, [".env.local", ".env"], ".env.local"),
        ({}, [".env"], ".env"),
        ({"DATABASE_URL": " "}, [".env"], ".env"),
    ],
)
def test_the_environment_wins_over_the_files_and_local_over_shared(
    folder: Path, environ: dict[str, str], files: list[str], database: str
) -> None:
    for name in files:
        (folder / name).write_text(f"DATABASE_URL='postgresql:///{name}'\n")
    assert load(environ=environ).dbname == database


def test_a_file_that_names_no_database_hides_none(folder: Path) -> None:
    (folder / ".env.local").write_text("OTHER=1\n")
    (folder / ".env").write_text("DATABASE_URL=postgresql:///shared\n")
    assert load(environ={}).dbname == "shared"


def test_a_file_may_size_the_pool_and_the_environment_wins(folder: Path) -> None:
    (folder / ".env").write_text(
        "DATABASE_URL=postgresql:///a\nRENDERSTORE_POOL_SIZE=3\n"
        "RENDERSTORE_POOL_TIMEOUT=4\n"
    )
    found = load(environ={"RENDERSTORE_POOL_TIMEOUT": "5"})
    assert (found.pool_size, found.pool_timeout) == (3, 5)


def test_a_file_does_not_turn_tls_off_behind_libpqs_back(folder: Path) -> None:
    (folder / ".env").write_text(f"DATABASE_URL={REMOTE}\nPGSSLMODE=disable\n")
    assert load(environ={}).conninfo["sslmode"] == "require"


def test_no_file_is_read_when_it_is_switched_off(folder: Path) -> None:
    (folder / ".env").write_text("DATABASE_URL=postgresql:///shared\n")
    with pytest.raises(Misconfigured, match=r"not set in the environment\. Set it to"):
        load(environ={}, env_file=None)


def test_a_file_that_was_asked_for_must_be_there(folder: Path) -> None:
    with pytest.raises(Misconfigured, match=r"There is no file .*/settings\.env"):
        load(environ={}, env_file="settings.env")
    (folder / "settings.env").write_text("DATABASE_URL=postgresql:///named\n")
    assert load(environ={}, env_file=folder / "settings.env").dbname == "named"


def test_a_file_is_read_again_when_it_changed(folder: Path) -> None:
    for name in ("one", "another"):
        (folder / ".env").write_text(f"DATABASE_URL=postgresql:///{name}\n")
        assert load(environ={}).dbname == name


def test_a_file_that_cannot_be_read_is_a_sentence(folder: Path) -> None:
    (folder / ".env").write_bytes(b"DATABASE_URL=\xff\n")
    with pytest.raises(Misconfigured, match=r"\.env cannot be read: it is not UTF-8"):
        load(environ={})


def test_a_folder_named_like_the_file_is_none(folder: Path) -> None:
    (folder / ".env").mkdir()
    with pytest.raises(Misconfigured, match="has no"):
        load(environ={})


def test_connect_reads_the_file_on_both_ways(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    (folder / ".env").write_text("DATABASE_URL=postgresql:///shared\n")
    for way in (connect, aconnect):
        assert way().settings.dbname == "shared"
        with pytest.raises(Misconfigured):
            way(env_file=None)


def test_the_url_comes_from_the_environment() -> None:
    assert load(environ={"DATABASE_URL": REMOTE}).host == "db.example.com"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://web:s3c@ret@localhost/farm",
        "postgresql://web:s3c/ret@localhost/farm",
        "postgresql://web:s3c?ret@localhost/farm",
        "postgresql://web:s3c#ret@localhost/farm",
        "postgresql://web:s3c%ret@localhost/farm",
        "postgresql://web:s3c ret@localhost/farm",
        "postgresql://web:s3c[ret@localhost/farm",
        "postgresql://web:12/s3cret@localhost/farm",
        "postgresql://web:12?s3cret@localhost/farm",
        "postgresql://web:s3cret@localhost:port/farm",
        "postgresql://web:s3cret@localhost/farm?sslmode",
        "mysql://web:s3cret@localhost/farm",
        "web:s3cret@localhost/farm",
        "s3cret",
    ],
)
def test_an_unreadable_url_gets_a_sentence_without_the_password(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        parse(url)
    error: BaseException | None = caught.value
    while error is not None:
        assert "s3c" not in str(error)
        error = error.__cause__ or (
            None if error.__suppress_context__ else error.__context__
        )


def test_an_escaped_password_is_read() -> None:
    found = parse("postgresql://we%40b:p%40%2F%3A%3F%23%25x@localhost/farm", environ={})
    assert found.user == "we@b"
    assert found.conninfo["password"] == "p@/:?#%x"


def test_nothing_shows_the_password() -> None:
    found = parse(REMOTE + "?sslpassword=s3cret&schema=public", environ={})
    for shown in (repr(found), str(found), found.safe_url, *found.notes):
        assert "s3cret" not in shown


def test_parameters_of_orms_are_honoured() -> None:
    found = parse(
        REMOTE
        + "?connection_limit=7&pool_timeout=2.5&pgbouncer=true&connect_timeout=4",
        environ={},
    )
    assert (found.pool_size, found.pool_timeout, found.pooler) == (7, 2.5, True)
    assert found.conninfo["connect_timeout"] == "4"
    assert found.notes == ()


@pytest.mark.parametrize(
    "parameter",
    [
        "schema=public",
        "sslaccept=strict",
        "socket_timeout=3",
        "statement_cache_size=0",
        "sslidentity=x",
        "anything=else",
    ],
)
def test_parameters_that_libpq_refuses_are_dropped_with_a_word(parameter: str) -> None:
    found = parse(f"{REMOTE}?{parameter}", environ={})
    name = parameter.partition("=")[0]
    assert name not in found.conninfo
    assert name not in found.url
    assert len(found.notes) == 1
    assert repr(name) in found.notes[0]


def test_tls_as_node_asks_for_it_is_translated() -> None:
    for parameter in ("ssl=true", "sslmode=no-verify"):
        found = parse(f"postgresql://web@localhost/farm?{parameter}", environ={})
        assert found.conninfo["sslmode"] == "require"
        assert len(found.notes) == 1


@pytest.mark.parametrize(
    "host",
    [
        "db.example.com",
        "10.0.0.7",
        "128.0.0.1",
        "localhost.example.com",
        "[2001:db8::1]",
    ],
)
def test_tls_is_required_where_the_host_is_not_local(host: str) -> None:
    found = parse(f"postgresql://web@{host}/farm", environ={})
    assert not found.is_local
    assert found.conninfo["sslmode"] == "require"
    assert found.environment()["PGSSLMODE"] == "require"


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.3.2.1", "[::1]", "%2Ftmp"]
)
def test_tls_is_not_required_where_the_host_is_local(host: str) -> None:
    found = parse(f"postgresql://web@{host}/farm", environ={})
    assert found.is_local
    assert "sslmode" not in found.conninfo


def test_a_socket_named_in_a_parameter_is_local() -> None:
    found = parse("postgresql:///farm?host=/var/run/postgresql", environ={})
    assert found.is_local
    assert found.host == "/var/run/postgresql"


def test_one_host_of_several_that_is_not_local_requires_tls() -> None:
    found = parse("postgresql://web@localhost:1,db.example.com:2/farm", environ={})
    assert found.conninfo["sslmode"] == "require"


def test_the_url_or_the_environment_may_say_otherwise_about_tls() -> None:
    assert (
        parse(REMOTE + "?sslmode=disable", environ={}).conninfo["sslmode"] == "disable"
    )
    assert "sslmode" not in parse(REMOTE, environ={"PGSSLMODE": "prefer"}).conninfo


def test_arguments_win_over_the_url_and_the_url_over_the_environment() -> None:
    environ = {
        "RENDERSTORE_POOL_SIZE": "3",
        "RENDERSTORE_POOL_TIMEOUT": "4",
        "RENDERSTORE_POOLER": "yes",
    }
    url = REMOTE + "?connection_limit=5&pool_timeout=6&pgbouncer=false"
    by_default = parse(REMOTE, environ={})
    assert (by_default.pool_size, by_default.pool_timeout, by_default.pooler) == (
        20,
        30,
        None,
    )
    by_environment = parse(REMOTE, environ=environ)
    assert (by_environment.pool_size, by_environment.pool_timeout) == (3, 4)
    assert by_environment.pooler
    by_url = parse(url, environ=environ)
    assert (by_url.pool_size, by_url.pool_timeout, by_url.pooler) == (5, 6, False)
    by_argument = parse(url, pool_size=8, pool_timeout=9, pooler=True, environ=environ)
    assert (by_argument.pool_size, by_argument.pool_timeout) == (8, 9)
    assert by_argument.pooler


@pytest.mark.parametrize(
    "parameter",
    [
        "connection_limit=0",
        "connection_limit=many",
        "pool_timeout=0",
        "pool_timeout=nan",
        "pool_timeout=soon",
        "pgbouncer=maybe",
    ],
)
def test_a_setting_that_is_no_such_value_gets_a_sentence(parameter: str) -> None:
    with pytest.raises(Misconfigured, match=parameter.partition("=")[0]):
        parse(f"{REMOTE}?{parameter}", environ={})


@pytest.mark.parametrize(
    "url",
    [
        REMOTE,
        REMOTE + "?sslmode=verify-full&application_name=a%20b%26c",
        "postgresql://we%40b:p%40%2F@[::1]:5432/fa%2Frm",
        "postgresql:///farm?host=/tmp/a%20b&port=7",
        "postgresql://a:1,b:2/farm?target_session_attrs=read-write",
        "postgresql://",
    ],
)
def test_a_written_url_reads_back_as_it_was(url: str) -> None:
    found = parse(url, environ={})
    assert parse(write_url(found.conninfo), environ={}).conninfo == found.conninfo
    assert parse(found.url, environ={}) == found


def test_a_written_url_and_the_variables_connect(database: Database) -> None:
    found = parse(database.url)
    with psycopg.connect(found.url) as conn:
        assert conn.info.dbname == found.dbname
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import psycopg; print(psycopg.connect('').info.dbname)",
        ],
        env=found.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == found.dbname


SEVERAL = "postgresql://web:s3cret@a:1,b:2/farm"


@pytest.mark.parametrize(
    "address",
    [
        SEVERAL,
        "postgresql://web:s3cret@/farm?host=a,b&port=1,2",
        "host=a,b port=1,2 dbname=farm user=web password=s3cret",
    ],
)
def test_several_hosts_lead_to_the_one_that_takes_writes(address: str) -> None:
    found = parse(address, environ={})
    assert (found.host, found.ports, found.dbname) == ("a,b", "1,2", "farm")
    assert found.conninfo["target_session_attrs"] == "primary"
    assert found.environment()["PGTARGETSESSIONATTRS"] == "primary"
    assert parse(found.url, environ={}) == found
    assert "s3cret" not in found.safe_url
    assert parse(found.safe_url, environ={}).ports == "1,2"


def test_an_address_or_the_environment_may_want_another_server() -> None:
    wanted = "target_session_attrs=read-write"
    said = parse(f"{SEVERAL}?{wanted}", environ={})
    assert said.conninfo["target_session_attrs"] == "read-write"
    for found in (
        parse(SEVERAL, environ={"PGTARGETSESSIONATTRS": "any"}),
        parse(REMOTE, environ={}),
    ):
        assert "target_session_attrs" not in found.conninfo


def test_keywords_that_cannot_be_read_get_a_sentence_without_the_password() -> None:
    for address in ("host=a password=s3cret anything=else", "password='s3cret"):
        with pytest.raises(Misconfigured, match="host=HOST dbname=") as caught:
            parse(address)
        assert "s3c" not in str(caught.value)


def test_reads_are_named_beside_the_database(folder: Path) -> None:
    environ = {"DATABASE_URL": REMOTE, "READ_URL": "postgresql://web@b,c/farm"}
    found = load(environ=environ).reads
    assert found is not None
    assert (found.host, found.is_replica, found.max_lag) == ("b,c", True, 10)
    assert found.conninfo["target_session_attrs"] == "standby"
    # Whoever passes the one address passes the other.
    assert load(REMOTE, environ=environ).reads is None
    assert load(environ=environ, reads="").reads is None
    (folder / ".env").write_text(f"DATABASE_URL={REMOTE}\nREAD_URL={SEVERAL}\n")
    found = load(environ={}).reads
    assert found is not None
    assert found.host == "a,b"


def test_reads_of_farms_are_named_beside_the_farms() -> None:
    environ = {
        "DATABASE_URL": REMOTE,
        "READ_URL": "postgresql://web@r1/farm",
        "FARM_URLS": "2=postgresql://web@f2/farm 3=postgresql://web@f3/farm",
        "FARM_READ_URLS": "3=postgresql://web@r3/farm",
    }
    home, found = load_farms(environ=environ)
    hosts = {number: each.reads and each.reads.host for number, each in found.items()}
    assert hosts == {1: "r1", 2: None, 3: "r3"}
    # One pool.
    assert found[1] == home
    # Whoever passes the addresses reads at the primaries.
    home, found = load_farms(REMOTE, {2: SEVERAL}, environ=environ)
    assert [home.reads, found[1].reads, found[2].reads] == [None] * 3
    for stray in (1, 4):
        wrong = {**environ, "FARM_READ_URLS": f"{stray}=postgresql://web@r/farm"}
        with pytest.raises(Misconfigured, match=f"names farm {stray}, which FARM_URLS"):
            load_farms(environ=wrong)


def test_a_bound_of_lag_is_an_argument_a_parameter_or_a_variable() -> None:
    environ = {"RENDERSTORE_MAX_LAG": "3"}
    lags = [
        load(REMOTE, reads=reads, max_lag=given, environ=environ).reads
        for reads, given in (
            (REMOTE, None),
            (REMOTE + "?max_lag=2.5", None),
            (REMOTE, 1),
        )
    ]
    assert [each and each.max_lag for each in lags] == [3, 2.5, 1]
    with pytest.raises(Misconfigured, match=r"READ_URL .*max_lag"):
        load(REMOTE, reads=REMOTE + "?max_lag=never", environ={})
    with pytest.raises(Misconfigured, match="READ_URL"):
        load(REMOTE, reads="mysql://b/farm", environ={})


def test_whoever_has_another_server_notices_soon_that_one_is_gone() -> None:
    assert not parse(REMOTE, environ={}).has_another
    assert parse(SEVERAL, environ={}).has_another
    bounded = load(REMOTE, reads=REMOTE, environ={}).bounded(
        size=1, seconds=1, pooler=False
    )
    assert bounded.reads is None
