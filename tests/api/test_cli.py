"""The command `renderstore`: what people see, what it asks, what it refuses."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg import sql
from tests import factories

from renderstore import migrations, render, settings
from renderstore._hints import hint
from renderstore._paths import SQL
from renderstore.cli import cli, logins, main, place
from renderstore.cli.place import Place
from renderstore.server import Cluster, checkout_home
from renderstore.store import connect
from renderstore.testing import Database

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in an empty folder, with nobody there to answer."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "DIRECT_URL", "UV_RUN_RECURSION_DEPTH"):
        monkeypatch.delenv(name, raising=False)

    def call(
        *arguments: str, database: Database | None = None, typed: str = ""
    ) -> Result:
        if database is not None:
            monkeypatch.setenv("DATABASE_URL", database.url)
            monkeypatch.setenv("DIRECT_URL", database.owner_url)
        return CliRunner().invoke(cli, arguments, input=typed)

    return call


@pytest.fixture
def far_away(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The same database, as if it were on another host."""
    here = Place(
        Path.cwd(),
        replace(settings.parse(database.url), is_local=False),
        replace(settings.parse(database.owner_url), is_local=False),
        None,
    )

    def find(**_: object) -> Place:
        return here

    monkeypatch.setattr(place, "find", find)
    return database


@pytest.fixture
def somebody_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if standard input were a terminal."""
    monkeypatch.setattr("renderstore.cli.console._is_interactive", lambda: True)


def test_up_migrates_and_says_what_is_there(run: Run, empty_database: Database) -> None:
    said = run("up", database=empty_database)
    assert said.exit_code == 0, said.output
    assert f"{len(migrations.names())} migrations applied." in said.output
    assert "renderstore psql" in said.output
    assert migrations.pending(settings.parse(empty_database.owner_url)) == []


def test_up_again_changes_nothing_and_says_so(run: Run, database: Database) -> None:
    run("up", database=database)
    said = run("up", database=database)
    assert "Nothing to do: all is in place." in said.output


def test_up_writes_the_environments_passwords_only_when_asked(
    run: Run, database: Database
) -> None:
    run("up", database=database)
    assert not Path(".env").exists()
    run("up", "--write-env", database=database)
    env = Path(".env")
    assert f"DATABASE_URL='{database.url}'" in env.read_text()
    assert env.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", [".env", ".env.local"])
def test_up_writes_over_no_file(run: Run, database: Database, name: str) -> None:
    Path(name).write_text("# mine")
    run("up", "--write-env", database=database)
    assert [path.name for path in Path.cwd().iterdir()] == [name]
    assert Path(name).read_text() == "# mine"


@pytest.fixture
def one_login(empty_database: Database) -> Generator[str]:
    """The address of a login of its own that owns a database and may grant every role.

    Roles are the cluster's: what it is granted must not reach the login of other tests.
    """
    login = sql.Identifier(f"{empty_database.name}_one")
    name = sql.Identifier(empty_database.name)
    migrator = sql.Identifier(settings.parse(empty_database.owner_url).user)
    conninfo = settings.parse(empty_database.owner_url).conninfo
    with psycopg.connect(empty_database.admin_url, autocommit=True) as conn:
        conn.execute(
            sql.SQL("create role {} login createrole password {}").format(
                login, conninfo.get("password", "")
            )
        )
        conn.execute(sql.SQL("alter database {} owner to {}").format(name, login))
        for role in ("renderstore_owner", *migrations.SCOPE_ROLES):
            conn.execute(
                sql.SQL("grant {} to {} with admin option").format(
                    sql.Identifier(role), login
                )
            )
    yield settings.write_url(conninfo | {"user": f"{empty_database.name}_one"})
    with psycopg.connect(empty_database.admin_url, autocommit=True) as conn:
        conn.execute(sql.SQL("reassign owned by {} to {}").format(login, migrator))
        conn.execute(sql.SQL("drop owned by {}").format(login))
        conn.execute(sql.SQL("drop role {}").format(login))


def test_one_login_for_both_is_told_its_price(
    run: Run, one_login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", one_login)
    said = run("up")
    assert said.exit_code == 0, said.output
    assert "one login does both" in said.output
    assert place.closed_scopes(place.find()) == []


def test_env_never_sends_a_migration_elsewhere(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".env").write_text("DIRECT_URL=postgresql://elsewhere/other\n")
    monkeypatch.setenv("DATABASE_URL", database.url)
    assert place.find().migrating.dbname == database.name


def test_both_addresses_come_from_env(run: Run, database: Database) -> None:
    Path(".env").write_text(
        f"DATABASE_URL='{database.url}'\nDIRECT_URL='{database.owner_url}'\n"
    )
    assert run("url").output.strip() == database.url
    assert run("url", "owner").output.strip() == database.owner_url


def test_env_local_comes_before_env(run: Run, database: Database) -> None:
    Path(".env").write_text("DATABASE_URL=postgresql:///shared\n")
    Path(".env.local").write_text(f"DATABASE_URL='{database.url}'\n")
    assert run("url").output.strip() == database.url
    assert run("url", "owner").output.strip() == database.url


@pytest.mark.parametrize(
    "command",
    ["ping", "url", "psql", "migrate", "seed", "demo", "unlock", "down", "reset"],
)
def test_an_empty_folder_is_told_what_is_not_set_and_what_up_does(
    run: Run, command: str
) -> None:
    said = run(command)
    assert said.exit_code == 1
    assert "DATABASE_URL is not set" in said.output
    assert "`renderstore up`: it makes an embedded PostgreSQL" in said.output
    assert ".s.PGSQL" not in said.output


@pytest.mark.parametrize(
    "command", ["ping", "psql", "migrate", "seed", "demo", "unlock"]
)
def test_a_server_at_rest_is_said_to_rest(run: Run, command: str) -> None:
    home = checkout_home(Path.cwd()).folder
    (home / "data").mkdir(parents=True)
    try:
        (home / "data" / "PG_VERSION").write_text("18\n")
        said = run(command).output
    finally:
        shutil.rmtree(home)
    assert f"The embedded PostgreSQL of {Path.cwd()} does not run" in said
    assert ".s.PGSQL" not in said


def test_hints_are_commands_of_the_place_where_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_RUN_RECURSION_DEPTH", raising=False)
    monkeypatch.chdir(SQL)
    assert hint("up") == "`uv run just up`"
    monkeypatch.chdir(tmp_path)
    assert hint("up") == "`renderstore up`"
    monkeypatch.setenv("UV_RUN_RECURSION_DEPTH", "1")
    assert hint("up") == "`uv run renderstore up`"


def test_every_command_that_a_hint_names_is_there() -> None:
    package = SQL.parent / "src" / "renderstore"
    recipes = set(
        re.findall(r"^(\w+)[^:\n]*:(?!=)", (SQL.parent / "justfile").read_text(), re.M)
    )
    named = {
        word
        for path in package.rglob("*.py")
        for word in re.findall(r"(?:hint|typed)\([\"'](\w+)", path.read_text())
    }
    assert named > {"up", "migrate"}
    assert named <= recipes & set(cli.commands)


def test_help_lists_every_command_once_with_a_whole_sentence(run: Run) -> None:
    said = run("--help").output
    listed = re.findall(r"^  ([a-z][\w-]*)  +\S", said, re.M)
    assert sorted(listed) == sorted(cli.commands)
    assert "..." not in said.partition("[ARGS]...")[2]
    for name, command in cli.commands.items():
        first = re.split(r"(?<=\.) ", " ".join((command.help or "").split()))[0]
        assert first.endswith("."), name
        assert first in " ".join(said.split()), name


def test_ping_says_one_line(run: Run, database: Database) -> None:
    said = run("ping", database=database).output
    assert said.count("\n") == 1
    assert "no migration is pending" in said
    assert settings.parse(database.url).user in said


def test_ping_says_what_is_pending(run: Run, empty_database: Database) -> None:
    said = run("ping", database=empty_database).output
    assert f"pending from {migrations.names()[0]}" in said


def test_ping_says_why_it_does_not_reach(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = settings.parse(database.url).conninfo | {"dbname": "nowhere"}
    monkeypatch.setenv("DATABASE_URL", settings.write_url(gone))
    said = run("ping")
    assert said.exit_code == 1
    assert "is not reached" in said.output
    assert gone.get("password", "no password") not in said.output


def test_migrate_lists_afterwards(run: Run, empty_database: Database) -> None:
    said = run("migrate", database=empty_database).output
    assert f"A         {migrations.names()[-1]}" in said
    assert "applied now." in said
    assert "Nothing was pending." in run("migrate", database=empty_database).output


def test_rollback_names_what_is_undone_and_lost(run: Run, database: Database) -> None:
    last = migrations.names()[-1]
    said = run("rollback", "--yes", database=database).output
    assert f"To be undone: {last}." in said
    assert migrations.pending(settings.parse(database.owner_url)) == [last]


def test_rollback_to_a_number_undoes_all_after_it(run: Run, database: Database) -> None:
    said = run("rollback", "0008", "--yes", database=database).output
    assert "Loses every user and farm." in said
    assert migrations.applied(settings.parse(database.owner_url))[-1].startswith("0007")


def test_rollback_of_nothing_is_a_sentence(run: Run, database: Database) -> None:
    assert (
        "No applied migration is named 9999."
        in run("rollback", "9999", database=database).output
    )


def test_rollback_waits_for_an_answer(run: Run, database: Database) -> None:
    said = run("rollback", database=database)
    assert said.exit_code == 1
    assert "Nobody is there to answer" in said.output
    assert migrations.pending(settings.parse(database.owner_url)) == []


def test_reset_starts_over(run: Run, database: Database) -> None:
    run("seed", database=database)
    said = run("reset", "--yes", database=database)
    assert said.exit_code == 0, said.output
    with psycopg.connect(database.owner_url) as conn:
        assert conn.execute("select count(*) from identity.users").fetchone() == (0,)


@pytest.mark.parametrize(
    ("made", "name"),
    [
        ("create table public.orders ()", "the table public.orders"),
        ("create schema billing", "the schema billing"),
        (
            "create function public.price() returns integer return 1",
            "the function public.price",
        ),
        ("create type public.colour as enum ()", "the type public.colour"),
        (
            "set role renderstore_owner; create table work.orders ()",
            "the table work.orders",
        ),
        ("create table work.orders ()", "the table work.orders"),
        (
            "insert into public._yoyo_migration (migration_hash, migration_id)"
            " values ('x', '0001.make-orders')",
            "the migration 0001.make-orders",
        ),
    ],
)
def test_reset_leaves_a_database_that_others_use(
    run: Run, database: Database, made: str, name: str
) -> None:
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(made.encode())
    said = run("reset", "--yes", database=database)
    assert said.exit_code == 1
    assert f"holds what the migrations did not make: {name}." in said.output
    assert "Nothing was changed." in said.output
    if "_yoyo" not in made:
        assert migrations.pending(settings.parse(database.owner_url)) == []


def test_reset_of_the_embedded_server_leaves_what_others_made(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Mock(spec=Cluster, home=Path("/its/home"))
    here = Place(
        Path.cwd(),
        settings.parse(database.url),
        settings.parse(database.owner_url),
        cluster,
    )

    def find(**_: object) -> Place:
        return here

    monkeypatch.setattr(place, "find", find)
    with psycopg.connect(database.owner_url) as conn:
        conn.execute("create table public.orders ()")
    said = run("reset", "--yes")
    assert said.exit_code == 1
    assert "the table public.orders" in said.output
    assert "remove /its/home" in said.output
    cluster.remove.assert_not_called()


@pytest.mark.parametrize("command", ["reset", "rollback", "seed"])
def test_far_away_nothing_is_destroyed_without_its_name(
    run: Run, far_away: Database, command: str
) -> None:
    said = run(command, "--yes")
    assert said.exit_code == 1
    assert "type the database's name" in said.output


@pytest.mark.parametrize("command", ["up", "migrate", "ping"])
def test_a_copy_s_open_rights_are_seen_and_what_it_says_closes_them(
    run: Run, database: Database, command: str
) -> None:
    name = f'"{database.name}"'
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        for opening in (
            f"grant temporary, create on database {name} to public",
            "grant create on schema public to public",
        ):
            conn.execute(opening.encode())
    said = run(command, database=database)
    assert said.exit_code == 0, said.output
    closing = [line for line in said.output.splitlines() if "  revoke " in line]
    assert closing == [
        f"  revoke temporary, create on database {name} from public;",
        "  revoke create on schema public from public;",
    ]
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        for statement in closing:
            conn.execute(statement.encode())
    assert "caution: every login" not in run(command, database=database).output


@pytest.mark.usefixtures("somebody_types")
def test_far_away_the_wrong_name_changes_nothing(run: Run, far_away: Database) -> None:
    said = run("rollback", typed="another\n")
    assert "That is not its name. Nothing was changed." in said.output


@pytest.mark.usefixtures("somebody_types")
def test_far_away_the_right_name_goes_on(run: Run, far_away: Database) -> None:
    said = run("rollback", typed=f"{far_away.name}\n")
    assert said.exit_code == 0, said.output


@pytest.mark.usefixtures("somebody_types")
def test_far_away_up_asks_and_reminds_of_a_backup(run: Run, far_away: Database) -> None:
    run("rollback", typed=f"{far_away.name}\n")
    said = run("migrate", typed="n\n")
    assert "backup" in said.output
    assert "Nothing was changed." in said.output


def test_down_leaves_a_server_that_is_not_ours(run: Run, database: Database) -> None:
    assert "not ours to stop" in run("down", database=database).output


FARM = """
select jsonb_build_object(
    'users', (select count(*) from identity.users),
    'plans', (select count(distinct plan_id) from identity.users),
    'jobs', (select count(*) from work.jobs),
    'statuses', (select array_agg(distinct status order by status) from work.jobs),
    'all statuses', enum_range(null::work.job_status),
    'workers', (select count(*) from work.workers),
    'logs', (select count(*) > 100 from work.logs),
    'failures', (select array_agg(distinct error_class order by error_class) from work.jobs where error_class is not null),
    'tokens', (select count(*) from identity.api_tokens),
    'problems', (select count(*) from work.problems()),
    'events', (select count(*) from work.events)
)
"""


def farm(database: Database) -> dict[str, Any]:
    """What there is to look at."""
    with psycopg.connect(database.admin_url) as conn:
        row = conn.execute(FARM).fetchone()
    assert row is not None
    found: dict[str, Any] = row[0]
    return found


def test_seed_makes_a_small_farm_once(run: Run, database: Database) -> None:
    first = run("seed", database=database)
    assert first.exit_code == 0, first.output
    made = farm(database)
    assert made == made | {
        "users": 10,
        "plans": 2,
        "jobs": 200,
        "statuses": made["all statuses"],
        "workers": 5,
        "logs": True,
        "failures": ["crashed", "license", "missing"],
        "tokens": 1,
        "problems": 0,
    }
    token = first.output.split()[-1]
    with connect(database.url) as store, store.token(token) as conn:
        assert len(render.jobs.list(conn, page_size=100)) == 20
    second = run("seed", database=database)
    assert second.exit_code == 0, second.output
    assert token not in second.output
    assert "has an API token already" in second.output
    assert farm(database) == made


def test_seed_takes_nobodys_job(run: Run, database: Database) -> None:
    mine = factories.job(database)
    assert run("seed", database=database).exit_code == 0
    assert factories.status(database, mine) == "queued"
    assert farm(database) == farm(database) | {"jobs": 201, "workers": 0, "problems": 0}


@pytest.mark.parametrize("purpose", logins.PURPOSES)
def test_login_enters_its_scopes_and_no_other(
    run: Run, database: Database, purpose: str
) -> None:
    name = f"{database.name}_{purpose}"
    said = run("login", purpose, name, database=database)
    assert said.exit_code == 0, said.output
    assert f'create role "{name}" login noinherit;' in said.output
    address = next(
        word for word in said.output.split() if word.startswith("postgresql://")
    )
    try:
        with psycopg.connect(address, autocommit=True) as conn:
            for role in migrations.SCOPE_ROLES:
                if role in logins.PURPOSES[purpose]:
                    conn.execute("select set_config('role', %s, false)", [role])
                else:
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        conn.execute("select set_config('role', %s, false)", [role])
    finally:
        with psycopg.connect(database.admin_url, autocommit=True) as conn:
            conn.execute(f'drop role "{name}"'.encode())


IDLE, LOCK, STATEMENT = (
    "idle_in_transaction_session_timeout",
    "lock_timeout",
    "statement_timeout",
)


@pytest.mark.parametrize(
    ("purpose", "options", "limits"),
    [
        ("web", [], {IDLE: "1min", LOCK: "5s", STATEMENT: "30s"}),
        ("authjs", [], {IDLE: "1min", LOCK: "5s", STATEMENT: "30s"}),
        ("worker", [], {IDLE: "1min", LOCK: "30s", STATEMENT: "0"}),
        ("readonly", [], {IDLE: "10min", LOCK: "30s", STATEMENT: "0"}),
        (
            "admin",
            [
                "--idle-timeout",
                "90s",
                "--lock-timeout",
                "0",
                "--statement-timeout",
                "2s",
            ],
            {IDLE: "90s", LOCK: "0", STATEMENT: "2s"},
        ),
    ],
)
def test_a_login_keeps_others_waiting_no_longer_than_its_limits(
    run: Run,
    database: Database,
    purpose: str,
    options: Sequence[str],
    limits: Mapping[str, str],
) -> None:
    name = f"{database.name}_Lim {purpose}"
    said = run("login", purpose, name, *options, database=database)
    assert said.exit_code == 0, said.output
    assert f'\\password "{name}"' in said.output
    address = next(
        word for word in said.output.split() if word.startswith("postgresql://")
    )
    try:
        with psycopg.connect(address) as conn:
            for setting, limit in limits.items():
                row = conn.execute(
                    "select current_setting(%s)::interval = %s::interval",
                    [setting, limit],
                ).fetchone()
                assert row == (True,), setting
    finally:
        with psycopg.connect(database.admin_url, autocommit=True) as conn:
            conn.execute(f'drop role "{name}"'.encode())


def test_a_login_s_limit_that_is_none_is_a_sentence(
    run: Run, database: Database
) -> None:
    name = f"{database.name}_none"
    said = run("login", "web", name, "--lock-timeout", "soon", database=database)
    assert said.exit_code == 1
    assert 'invalid value for parameter "lock_timeout"' in said.output
    with psycopg.connect(database.admin_url) as conn:
        found = conn.execute("select from pg_roles where rolname = %s", [name])
        assert found.fetchone() is None


def test_psql_says_which_address_it_needs_where_the_login_may_not_read(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{database.name}_production"
    said = run("login", "web", name, database=database)
    address = next(
        word for word in said.output.split() if word.startswith("postgresql://")
    )
    try:
        monkeypatch.setenv("DATABASE_URL", address)
        refused = run("psql")
        assert refused.exit_code == 1
        assert name in refused.output
        assert "may not enter renderstore_readonly" in refused.output
        assert "login readonly NAME" in refused.output
        assert "DATABASE_URL=postgresql://NAME:PASSWORD@HOST/" in refused.output
        assert settings.parse(address).conninfo.get("password", "-") not in (
            refused.output
        )
    finally:
        with psycopg.connect(database.admin_url, autocommit=True) as conn:
            conn.execute(f'drop role "{name}"'.encode())


def test_login_readonly_says_how_it_sees_what_others_run(
    run: Run, database: Database
) -> None:
    name = f"{database.name}_reader"
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        row = conn.execute(
            "select pg_has_role('renderstore_readonly', 'pg_read_all_stats', 'usage')"
        ).fetchone()
        try:
            said = run("login", "readonly", name, database=database)
        finally:
            conn.execute(f'drop role "{name}"'.encode())
    typed = "grant pg_read_all_stats to renderstore_readonly;"
    assert row is not None
    assert (typed in said.output) is not row[0]


def upkeep() -> list[tuple[str, str]]:
    """What docs/operations.md, "Upkeep", types, and on a login for what."""
    docs = Path(__file__).parents[2] / "docs"
    text = (docs / "operations.md").read_text(encoding="utf-8")
    table = text.partition("\n## Upkeep\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| [^|]+ \| ([a-z, ]+) \| `([^`]+;)` \|", table, re.MULTILINE)
    return [(purpose, typed) for each, typed in found for purpose in each.split(", ")]


def test_upkeep_works_as_typed_by_the_logins_that_we_make(
    run: Run, database: Database
) -> None:
    typed = upkeep()
    assert ("worker", "select * from identity.sweep();") in typed
    assert ("worker", "select * from ops.sweep(1000);") in typed
    assert len(typed) == 5
    for purpose in sorted({purpose for purpose, _ in typed}):
        name = f"{database.name}_cron_{purpose}"
        said = run("login", purpose, name, database=database)
        address = next(
            word for word in said.output.split() if word.startswith("postgresql://")
        )
        try:
            for each, statement in typed:
                if each == purpose:
                    with psycopg.connect(address, autocommit=True) as conn:
                        assert conn.execute(statement.encode()).description
        finally:
            with psycopg.connect(database.admin_url, autocommit=True) as conn:
                conn.execute(f'drop role "{name}"'.encode())


def test_login_that_exists_is_a_sentence(run: Run, database: Database) -> None:
    taken = settings.parse(database.url).user
    said = run("login", "web", taken, database=database)
    assert f"There is already a role named {taken}." in said.output


def test_new_needs_a_subject_in_words(run: Run) -> None:
    assert "in words" in run("new", "!!!").output


def test_new_writes_the_pair_with_its_chain(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    monkeypatch.setattr("renderstore.cli.development.MIGRATIONS", folder)
    last = migrations.names()[-1]
    number = int(last[:4]) + 1
    assert run("new", "Add retry limit to jobs").exit_code == 0
    made = folder / f"{number:04d}.add-retry-limit-to-jobs.sql"
    assert f"-- depends: {last}\n" in made.read_text()
    assert made.with_suffix(".rollback.sql").exists()


def test_key_prints_an_entry_that_encrypts(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = run("key", "2026a").output.strip()
    assert entry.startswith("2026a:")
    monkeypatch.setenv("RENDERSTORE_KEYS", entry)
    said = run("reencrypt", database=database)
    assert "Nothing was left to replace" in said.output, said.output


def test_reencrypt_without_a_key_is_a_sentence(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RENDERSTORE_KEYS", raising=False)
    said = run("reencrypt", database=database)
    assert said.exit_code == 1
    assert "RENDERSTORE_KEYS" in str(said.exception)


def test_migrations_prints_the_folder(run: Run) -> None:
    assert (
        Path(run("migrations").output.strip()) / f"{migrations.names()[0]}.sql"
    ).exists()


def test_generated_files_are_up_to_date(run: Run) -> None:
    said = run("generate", "--check")
    assert said.exit_code == 0, said.output
    said = run("snapshot", "--check")
    assert said.exit_code == 0, said.output


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("health", 2),
        ("sweep", 1),
        ("history work.jobs nonsense", 0),
        ("history studio.frames 1", 1),
    ],
)
def test_a_programs_status_is_its_verdict(
    database: Database, monkeypatch: pytest.MonkeyPatch, command: str, status: int
) -> None:
    # Never swept, and one part cannot.
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "update ops.sweep_parts set function_name = 'work.nothing'"
            " where position = 100"
        )
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setattr("sys.argv", ["renderstore", *command.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code or 0) == status
