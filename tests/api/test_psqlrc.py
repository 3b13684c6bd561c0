"""The inspection session, typed into a real psql as each role that a person enters."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import shutil
import subprocess
import sys
import termios
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from renderstore._paths import INSPECT
from renderstore.server import (
    THROW_AWAY,
    ServerError,
    disposable,
    embedded_binaries,
)
from renderstore.testing import Database
from renderstore.testing.servers import cluster_url

PSQLRC = INSPECT / "psqlrc"
SNIPPETS = sorted(path.stem for path in INSPECT.glob("*.sql"))
ASKS = {
    "as_user": "00000000-0000-7000-8000-000000000001",
    "describe": "identity.users",
    "history": "identity.plans free",
}


def psql_programs() -> list[Path]:
    """Every psql of this machine: the one on the PATH and the embedded ones."""
    found = [Path(path) for path in [shutil.which("psql")] if path]
    for major in (16, 18):
        try:
            found.append(embedded_binaries(major) / "psql")
        except ServerError:
            continue
    return found


PROGRAMS = psql_programs()


@dataclass(frozen=True, slots=True)
class Session:
    """How one person opens psql."""

    url: str
    options: str
    folder: Path
    program: Path

    def environment(self) -> dict[str, str]:
        kept = {
            name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ
        }
        return kept | {
            "HOME": str(self.folder),
            "PGOPTIONS": self.options,
            "PSQLRC": str(PSQLRC),
            "PSQL_HISTORY": str(self.folder / "history"),
            "TERM": "dumb",
        }

    def type(self, *lines: str, expect: int = 0, also: Sequence[str] = ()) -> str:
        """What psql answers to these lines; nothing but answers may come."""
        done = subprocess.run(
            [self.program, self.url, "-v", "ON_ERROR_STOP=1", *also],
            input="\n".join(lines) + "\n",
            env=self.environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expect, f"open {INSPECT}: {done.stdout}{done.stderr}"
        if not expect:
            assert done.stderr == "", f"open {INSPECT}: {lines}"
        return done.stdout


Open = Callable[..., Session]


@pytest.fixture
def opened(database: Database, tmp_path: Path) -> Open:
    """Opens a session as a role, from a folder that has nothing to do with ours."""
    assert PROGRAMS, (
        "psql is missing: install a PostgreSQL client or renderstore[embedded]"
    )

    def open_as(role: str = "readonly", program: Path | None = None) -> Session:
        return Session(
            url=database.owner_url if role == "owner" else database.url,
            options="" if role == "owner" else f"-c role=renderstore_{role}",
            folder=tmp_path,
            program=program or PROGRAMS[-1],
        )

    return open_as


@pytest.fixture
def ann(database: Database) -> str:
    """A user to look at."""
    with psycopg.connect(database.admin_url) as conn:
        conn.execute(
            "insert into identity.users (id, email) values (%s, 'ann@example.org')",
            [ASKS["as_user"]],
        )
    return ASKS["as_user"]


def asked(snippet: str) -> list[str]:
    return [f":{snippet}", *([ASKS[snippet]] if snippet in ASKS else [])]


@pytest.mark.parametrize("role", ["readonly", "admin", "owner", "worker", "auth"])
def test_every_snippet_answers(opened: Open, ann: str, role: str) -> None:
    for snippet in SNIPPETS:
        lines = asked(snippet)
        # Who may act for nobody, or sees no users, is not asked for whom.
        if snippet == "as_user" and role in ("owner", "worker"):
            lines = lines[:1]
        if snippet == "leave":
            lines = ["begin;", *lines]
        answer = opened(role).type(*lines)
        assert answer.strip() or snippet == "leave", f"open {INSPECT / snippet}.sql"


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_every_psql_takes_every_snippet(opened: Open, ann: str, program: Path) -> None:
    lines = [line for snippet in SNIPPETS for line in asked(snippet)]
    lines.remove(":leave")
    opened(program=program).type(*lines, ":leave")


def test_help_lists_every_snippet() -> None:
    # One a line at the ninth column, or two where both are said in few words.
    listed = [
        name
        for pair in re.findall(
            r"^\\echo '(?=.{8}:(\w+) ).{9}(?:.{37}:(\w+) )?",
            (INSPECT / "help.sql").read_text(),
            re.M,
        )
        for name in pair
        if name
    ]
    assert sorted([*listed, "help"]) == SNIPPETS, f"open {INSPECT / 'help.sql'}"


def test_psqlrc_offers_every_snippet() -> None:
    offered = re.findall(r"^\\set (\w+) .*/(\w+)\.sql'''$", PSQLRC.read_text(), re.M)
    assert sorted(offered) == [(name, name) for name in SNIPPETS], f"open {PSQLRC}"


def test_a_script_gets_its_own_output_and_no_more(opened: Open) -> None:
    assert opened().type("select 1;", also=["-At"]) == "1\n"


def test_a_snippet_leaves_the_session_as_it_was(opened: Open, ann: str) -> None:
    lines = [line for snippet in SNIPPETS for line in asked(snippet)]
    lines.remove(":leave")
    # Quiet or not is psql's own word on whether tags are printed.
    said = opened().type(*lines, ":leave", "\\echo QUIET is :QUIET", "begin;")
    assert said.endswith("QUIET is off\nBEGIN\n")


def test_psqlrc_is_found_where_the_environment_says(
    opened: Open, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "other folder"
    shutil.copytree(INSPECT, elsewhere)
    (elsewhere / "help.sql").write_text("\\echo 'from elsewhere'\n")
    session = opened()
    done = subprocess.run(
        [session.program, session.url],
        input=":help\n",
        env=session.environment() | {"RENDERSTORE_INSPECT": str(elsewhere)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "from elsewhere\n"


def test_psqlrc_says_what_to_set_when_it_cannot_find_its_folder(
    opened: Open, tmp_path: Path
) -> None:
    session = opened()
    done = subprocess.run(
        [session.program, session.url],
        input="",
        env=session.environment() | {"RENDERSTORE_INSPECT": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "RENDERSTORE_INSPECT" in done.stdout


def test_a_person_sees_database_role_and_transaction_in_the_prompt(
    opened: Open, database: Database, ann: str
) -> None:
    session = opened()
    typed = f"begin;\nrollback;\n:as_user\n{ann}\n:leave\n\\q\n"
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(session.folder)
        os.execve(
            session.program,
            [str(session.program), "--no-readline", session.url],
            session.environment(),
        )
    os.write(terminal, typed.encode())
    seen = b""
    while True:
        try:
            seen += (piece := os.read(terminal, 65536))
        except OSError:  # Linux's word for the end of a terminal
            break
        if not piece:
            break
    os.waitpid(child, 0)
    screen = seen.decode()
    assert "Type :help for what can be asked here." in screen
    assert f"{database.name} readonly=> " in screen
    assert f"{database.name} readonly=*> " in screen
    assert f"{database.name} app=*> " in screen
    assert screen.rstrip().endswith(f"{database.name} readonly=>")
    assert "Time: " in screen


@pytest.mark.parametrize("who", ["ANN@example.org", ASKS["as_user"]])
def test_as_user_shows_that_users_rows_and_no_others(
    opened: Open, database: Database, ann: str, who: str
) -> None:
    with psycopg.connect(database.admin_url) as conn:
        conn.execute("insert into identity.users (email) values ('bob@example.org')")
    question = "select string_agg(email, ' ' order by email) from identity.users;"
    answer = opened().type(
        question, ":as_user", who, question, ":leave", question, also=["-At"]
    )
    both = "ann@example.org bob@example.org"
    assert [
        line for line in answer.splitlines() if "@" in line and "Id or" not in line
    ] == [
        both,
        "ann@example.org",
        both,
    ]


def test_as_user_says_when_there_is_no_such_user(opened: Open) -> None:
    answer = opened().type(":as_user", "nobody@example.org", ":who")
    assert "Nobody here has this id or e-mail" in answer
    assert "renderstore_readonly" in answer


def test_as_user_takes_what_is_typed_as_a_value(opened: Open) -> None:
    typed = "' or true; drop table identity.users; --"
    assert "Nobody here" in opened("admin").type(":as_user", typed)


def test_as_user_says_what_a_migrating_login_lacks(opened: Open) -> None:
    assert "a DBA must grant it renderstore_app" in opened("owner").type(":as_user")


def test_why_gives_the_sentence_behind_an_error(opened: Open) -> None:
    failed = """\\set LAST_ERROR_MESSAGE 'breaks check constraint "plans_id_is_slug_check"'"""
    answer = opened().type(failed, ":why")
    assert "A plan's id has 1 to 40 lower-case letters" in answer


def test_why_finds_the_sentence_of_a_unique_index(opened: Open) -> None:
    failed = """\\set LAST_ERROR_MESSAGE 'breaks unique constraint "users_email_key"'"""
    assert "already has this e-mail address" in opened().type(failed, ":why")


def test_why_says_when_no_rule_was_broken(opened: Open) -> None:
    failed = "\\set LAST_ERROR_MESSAGE 'division by zero'"
    assert "It names no rule of ours" in opened().type(failed, ":why")


def test_who_names_login_role_user_and_actor(opened: Open, ann: str) -> None:
    answer = opened().type(":as_user", ann, ":who")
    for said in ("renderstore_app", ann, "dba:renderstore_test_"):
        assert said in answer


def test_tables_show_what_each_is_for(opened: Open) -> None:
    assert re.search(
        r"^identity\.users .*\n  One row a person or program",
        opened().type(":tables"),
        re.M,
    )


def screen(session: Session, *lines: str) -> list[str]:
    """What a screen of 80 by 24 shows of these lines' answers, as long as it is."""
    script = session.folder / "script.sql"
    script.write_text("\n".join([*lines, ""]))
    output, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    running = subprocess.Popen(
        [session.program, session.url, "-P", "pager=off", "-f", str(script)],
        env=session.environment(),
        cwd=session.folder,
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    seen = b""
    with contextlib.suppress(OSError):  # Linux's word for the end of a terminal
        while piece := os.read(output, 65536):
            seen += piece
    running.wait()
    os.close(output)
    return seen.decode().replace("\r", "").splitlines()


def test_help_fits_a_screen(opened: Open) -> None:
    shown = screen(opened(), ":help")
    assert len(shown) <= 23, f"open {INSPECT / 'help.sql'}"
    assert max(map(len, shown)) <= 80, f"open {INSPECT / 'help.sql'}"


@pytest.mark.parametrize("snippet", ["tables", "types", "policies"])
def test_what_is_listed_fits_a_screen_and_breaks_no_word(
    opened: Open, database: Database, snippet: str
) -> None:
    shown = screen(opened(), f":{snippet}")
    wide = [line for line in shown if len(line) > 80]
    assert not wide, "\n".join([f"open {INSPECT / snippet}.sql", *wide])
    # A word that is cut in two is none of those that the catalog holds.
    with psycopg.connect(database.admin_url) as conn:
        known = conn.execute(
            "select string_agg(text, ' ') from ("
            "select description from pg_description union all"
            " select concat_ws(' ', schemaname, tablename, policyname, roles, qual, with_check) from pg_policies"
            " union all select enumlabel from pg_enum"
            " union all select concat_ws(' ', nspname, typname) from pg_type join pg_namespace n on n.oid = typnamespace"
            ") as words (text)"
        ).fetchone()
    assert known is not None
    words = set(re.findall(r"[a-z_]{4,}", str(known[0])))
    said = set(re.findall(r"[a-z_]{4,}", "\n".join(shown)))
    frame = set(
        re.findall(
            r"\w+",
            "never analyzed rows view bytes security owner select insert update delete"
            " sees write public null",
        )
    )
    assert not said - words - frame, f"open {INSPECT / snippet}.sql"


def test_a_snippet_that_may_be_blind_says_so(opened: Open, database: Database) -> None:
    hidden = "hidden from this role"
    for snippet in ("running", "locks", "connections", "slow"):
        assert hidden in opened("worker").type(f":{snippet}"), snippet
        assert max(map(len, screen(opened("worker"), f":{snippet}")[-3:])) <= 80
    with psycopg.connect(database.admin_url, autocommit=True) as conn:
        conn.execute("grant pg_read_all_stats to renderstore_readonly")
        assert hidden not in opened().type(":running")
        with psycopg.connect(database.admin_url) as other:
            other.execute("select 'in a transaction'")
            assert "in a transaction" in opened().type(":running").replace("\n", " ")


def test_why_names_the_secrets_that_a_reader_may_not_see(opened: Open) -> None:
    refused = "\\set LAST_ERROR_MESSAGE 'permission denied for table api_tokens'"
    answer = " ".join(opened().type(refused, ":why").split())
    assert "may not read token_hash of identity.api_tokens: secrets." in re.sub(
        r" *\+? *\| *", " ", answer
    )


def test_describe_shows_the_comments_of_columns_and_constraints(opened: Open) -> None:
    answer = opened().type(":describe", "Identity.Users")
    assert "What people call the user" in answer
    assert "A name has 1 to 200 characters." in answer
    assert "Another user already has this e-mail address." in answer


def test_describe_points_to_the_list_when_nothing_has_the_name(opened: Open) -> None:
    answer = opened().type(":describe", "identity.user'; drop")
    assert "There is no table or view" in answer
    assert ":tables" in answer


def waiter(url: str, *statements: str) -> subprocess.Popen[str]:
    """A session of its own that says its process, then runs these in one transaction."""
    return subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import psycopg, sys; conn = psycopg.connect(sys.argv[1]);"
            " print(conn.info.backend_pid, flush=True);"
            " [conn.execute(each) for each in sys.argv[2:]]",
            *(url, *statements),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )


def await_lock(watcher: psycopg.Connection, pid: int) -> None:
    while watcher.execute(
        "select cardinality(pg_blocking_pids(%s)) = 0", [pid]
    ).fetchone() == (True,):
        pass


def test_locks_name_a_chain_and_whom_to_end(opened: Open, database: Database) -> None:
    with (
        psycopg.connect(database.admin_url) as holder,
        psycopg.connect(database.admin_url, autocommit=True) as watcher,
    ):
        # Two advisory locks: who has the second one waits for the first.
        holder.execute("select pg_advisory_xact_lock(1)")
        first = holder.info.backend_pid
        lock = "select pg_advisory_xact_lock({})".format
        second = waiter(database.admin_url, lock(2), lock(1))
        assert second.stdout is not None
        middle = int(second.stdout.readline())
        await_lock(watcher, middle)
        third = waiter(database.admin_url, f"{lock(2)} /* {'long ' * 200} */")
        assert third.stdout is not None
        last = int(third.stdout.readline())
        await_lock(watcher, last)
        watcher.execute("grant pg_read_all_stats to renderstore_readonly")
        answer = opened().type(":locks")
        holder.rollback()
        second.communicate()
        third.communicate()
    assert re.search(rf"^ {middle} ", answer, re.M)
    assert re.search(rf"^ {last} ", answer, re.M)
    # Only who waits for nobody is to be ended, and the end of the chain comes first.
    assert re.findall(r"pg_terminate_backend\((\d+)\)", answer) == [str(first)]
    assert answer.index(f" {middle} ") < answer.index(f" {last} ")
    assert "waits itself, see its own row" in answer
    assert "Nobody waits" not in answer
    assert max(map(len, answer.splitlines())) <= 80


def test_locks_say_when_nobody_waits(opened: Open) -> None:
    assert "Nobody waits for a lock." in opened().type(":locks")


def test_migrations_are_listed_for_the_migrating_login(opened: Open) -> None:
    assert "0001.create-roles" in opened("owner").type(":migrations")


def test_migrations_say_who_may_read_them(opened: Open) -> None:
    assert "Ask as the migrating login" in opened("readonly").type(":migrations")


def test_snippets_answer_on_a_database_without_migrations(
    empty_database: Database, tmp_path: Path
) -> None:
    session = Session(empty_database.owner_url, "", tmp_path, PROGRAMS[-1])
    for snippet in SNIPPETS:
        if snippet != "leave":
            session.type(*asked(snippet)[: 1 if snippet == "as_user" else 2])


def with_statistics() -> list[Path]:
    """Binaries that bring pg_stat_statements; the first embedded wheel does not."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    with contextlib.suppress(ServerError):
        found.append(embedded_binaries(contrib=True))
    return [
        binaries
        for binaries in found
        if (binaries / "postgres").exists()
        and any((binaries.parent / "lib").rglob("pg_stat_statements.*"))
    ]


each_with_statistics = pytest.mark.parametrize(
    "binaries",
    with_statistics()
    or [pytest.param(None, marks=pytest.mark.skip("none has pg_stat_statements"))],
    ids=str,
)


def test_slow_says_how_to_get_statistics_where_there_are_none(opened: Open) -> None:
    answer = opened().type(":slow")
    assert "create extension pg_stat_statements" in answer or "total_s" in answer


@each_with_statistics
def test_slow_shows_our_queries_by_their_names(binaries: Path, tmp_path: Path) -> None:
    preloaded = {**THROW_AWAY, "shared_preload_libraries": "pg_stat_statements"}
    with disposable(binaries, preloaded) as cluster:
        url = cluster_url(cluster)
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(
                sql.SQL(
                    "create schema {0}; create extension pg_stat_statements schema {0}"
                ).format(sql.Identifier("Odd schema"))
            )
            # The same query, whoever runs it and whatever its constants.
            conn.execute("create role another")
            conn.execute("select /* work.jobs.get */ 1 from pg_sleep(0.01)")
            conn.execute("set role another")
            conn.execute("select /* work.jobs.get */ 1, 2 from pg_sleep(0.02)")
        answer = Session(url, "", tmp_path, PROGRAMS[-1]).type(":slow", also=["-At"])
    [row] = [line for line in answer.splitlines() if line.endswith("|work.jobs.get")]
    assert row.split("|")[2] == "2"
    assert max(map(len, answer.splitlines())) <= 80


@each_with_statistics
def test_statistics_that_are_loaded_but_not_created_are_a_sentence(
    binaries: Path, tmp_path: Path
) -> None:
    preloaded = {**THROW_AWAY, "shared_preload_libraries": "pg_stat_statements"}
    with disposable(binaries, preloaded) as cluster:
        session = Session(cluster_url(cluster), "", tmp_path, PROGRAMS[-1])
        assert "is loaded, but not created here" in session.type(":slow")
        with psycopg.connect(session.url, autocommit=True) as conn:
            conn.execute("create extension pg_stat_statements version '1.7'")
        assert "is of an older server" in session.type(":slow")


@each_with_statistics
def test_statistics_that_are_installed_but_not_loaded_are_no_error(
    binaries: Path, tmp_path: Path
) -> None:
    with disposable(binaries) as cluster:
        url = cluster_url(cluster)
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("create extension pg_stat_statements")
        answer = Session(url, "", tmp_path, PROGRAMS[-1]).type(":slow")
    assert "shared_preload_libraries" in answer
