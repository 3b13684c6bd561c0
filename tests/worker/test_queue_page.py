"""docs/queue.md: its worker works as it stands there, and its functions are the database's."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from tests import factories, npm

from renderstore import settings, work
from renderstore.errors import _BY_SQLSTATE  # pyright: ignore[reportPrivateUsage]
from renderstore.store import connect
from renderstore.testing import Database
from renderstore.work import area

from .support import count, eventually, job, submit, user

PAGE = Path(__file__).parents[2] / "docs" / "queue.md"
STUDIO = PAGE.with_name("studio.md")
MEDIA = PAGE.with_name("media.md")
OPS = PAGE.with_name("services.md")
IMPORT = PAGE.with_name("prisma-import.md")

INTERNAL = {
    "work.complete_held",
    "work.report",
    "work.refuse_lost_lease",
    "ops.uuidv7",
}
"""What other functions and defaults call with their caller's rights."""

FUNCTIONS = """
select
    f.pronamespace::regnamespace || '.' || f.proname,
    pg_get_function_arguments(f.oid),
    f.proargnames[1:f.pronargs]
from pg_proc as f
where f.pronamespace in ('work'::regnamespace, 'render'::regnamespace, 'media'::regnamespace, 'ops'::regnamespace)
    and f.provolatile = 'v'
    and f.prorettype <> 'trigger'::regtype
    and exists (
        select
        from unnest(array['app', 'worker', 'admin']) as role
        where has_function_privilege('renderstore_' || role, f.oid, 'execute')
    )
    and not has_function_privilege('public', f.oid, 'execute')
"""


NODE = PAGE.parents[1] / "examples" / "node"


def shown(language: str) -> str:
    """The page's only block in this language."""
    [found] = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.S)
    return str(found)


@pytest.fixture(params=["sh", "js"])
def script(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """How to run the page's worker, in shell and in Node."""
    text = shown(request.param)
    path = tmp_path / ("worker.sh" if request.param == "sh" else "worker.mjs")
    path.write_text(text)
    if request.param == "sh":
        return ["sh", str(path)]
    (tmp_path / "node_modules").symlink_to(
        npm.packages(NODE / "package.json", "examples")
    )
    return ["node", str(path)]


def environment(database: Database, **more: str) -> dict[str, str]:
    """PG* variables that lead to the database."""
    return {**os.environ, **settings.parse(database.url).environment(), **more}


def drain(database: Database, script: list[str], render: str, *labels: str) -> None:
    """Run the worker until nothing is left."""
    done = subprocess.run(
        [*script, "shell-1", *labels],
        env=environment(database, RENDER=render, UNTIL_EMPTY="yes"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@contextmanager
def at_work(
    database: Database, script: list[str], folder: Path, lease: int = 60
) -> Generator[tuple[subprocess.Popen[bytes], int]]:
    """The worker in the middle of a render that takes for ever, and the render's process."""
    render = f"(sleep 600 & echo $! >{folder}/pid; wait)"
    with subprocess.Popen(
        [*script, "shell-1"],
        env=environment(database, RENDER=render, LEASE=str(lease)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        note = folder / "pid"
        try:
            eventually(lambda: note.exists() and note.read_text().strip())
            yield running, int(note.read_text())
        finally:
            running.kill()
            if note.exists() and lives(int(note.read_text())):
                os.kill(int(note.read_text()), signal.SIGKILL)


def lives(process: int) -> bool:
    """Whether it runs; one that only waits for its parent does not."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_its_worker_in_shell_has_about_thirty_lines() -> None:
    assert len(shown("sh").splitlines()) <= 36


@pytest.mark.parametrize(("lease", "nap"), [(1, 1), (2, 1), (3, 1), (60, 20)])
def test_its_worker_in_shell_naps_a_second_or_more(lease: int, nap: int) -> None:
    [said] = re.findall(r"sleep (\$\(\(lease.*?\)\))", shown("sh"))
    done = subprocess.run(
        ["sh", "-c", f"lease={lease}; echo {said}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == nap


def test_it_has_both_words_of_every_status(database: Database) -> None:
    [table] = re.findall(
        r"^\| `work.jobs` \| `render.jobs` \|.*\n\| ---.*\n((?:\|.*\n)+)",
        PAGE.read_text(),
        re.M,
    )
    said: list[tuple[str, str]] = []
    for line in table.splitlines():
        ours, theirs = (re.findall(r"`(\w+)`", cell) for cell in line.split("|")[1:3])
        said += zip(ours, theirs or ours, strict=True)
    assert sorted(said) == factories.look(
        database,
        "select each::text, render.to_render(each)::text"
        " from unnest(enum_range(null::work.job_status)) as each order by each::text",
    ), f"open {PAGE}"


def test_its_worker_in_node_is_the_example() -> None:
    assert shown("js") == (NODE / "worker.mjs").read_text()


def test_it_dies_whole_when_its_main_process_is_killed(
    database: Database, script: list[str], tmp_path: Path
) -> None:
    [one] = submit(database, user(database))
    with at_work(database, script, tmp_path, lease=3) as (running, render):
        running.kill()
        running.wait()
        if script[0] == "sh":
            eventually(lambda: not lives(render))
        # Nobody renews the lease any more.
        eventually(
            lambda: factories.look(
                database,
                "select from work.jobs where id = %(id)s and lease_expires_at < now()",
                id=one,
            )
        )
    with connect(database.url) as store, store.worker("shell-2") as conn:
        area.sweep(conn, max_rows=10)
    found = job(database, one)
    assert (found["status"], found["lost_leases"]) == ("queued", 1)


def test_it_gives_its_job_back_when_it_is_told_to_stop(
    database: Database, script: list[str], tmp_path: Path
) -> None:
    [one] = submit(database, user(database))
    with at_work(database, script, tmp_path) as (running, render):
        running.terminate()
        assert running.wait() == 0
        assert not lives(render)
    found = job(database, one)
    assert (found["status"], found["failures"], found["lost_leases"]) == (
        "queued",
        0,
        0,
    )


def test_it_ends_a_render_whose_job_is_cancelled(
    database: Database, script: list[str], tmp_path: Path
) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    with at_work(database, script, tmp_path, lease=3) as (_, render):
        with connect(database.url) as store:
            store.user(owner).run(work.jobs.cancel, id=one)
        eventually(lambda: job(database, one)["status"] == "cancelled")
        assert not lives(render)


def test_it_finishes_jobs(
    database: Database, script: list[str], tmp_path: Path
) -> None:
    submit(database, user(database), 2)
    drain(database, script, f"cat >>{tmp_path}/seen")
    assert count(database, "completed") == 2
    assert (tmp_path / "seen").read_text().count("/renders/a.mov") == 2
    assert factories.look(database, "select distinct held_by from work.events") == [
        ("shell-1",)
    ]


def test_it_fails_a_job_with_what_the_program_said(
    database: Database, script: list[str]
) -> None:
    [one] = submit(database, user(database))
    drain(database, script, 'echo "it\'s broken" >&2; exit 3')
    found = job(database, one)
    assert (found["status"], found["error_class"], found["error_message"]) == (
        "failed",
        "crashed",
        "it's broken",
    )
    assert found["exit_code"] == 3


def test_it_says_that_it_lives_and_that_it_stops(
    database: Database, script: list[str], tmp_path: Path
) -> None:
    submit(database, user(database))

    def seen(condition: str) -> bool:
        return bool(
            factories.look(database, f"select from work.workers where {condition}")
        )

    with at_work(database, script, tmp_path, lease=3) as (running, _):
        # Long after the claim: the heartbeats say it.
        eventually(lambda: seen("seen_at > registered_at + interval '2 seconds'"))
        assert not seen("stopped_at is not null")
        running.terminate()
        assert running.wait() == 0
    assert seen("stopped_at is not null")


def test_it_says_that_there_is_no_server(script: list[str], tmp_path: Path) -> None:
    with subprocess.Popen(
        [*script, "shell-1"],
        env={**os.environ, "RENDER": "true", "PGHOST": str(tmp_path / "nowhere")},
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None
        assert "nowhere" in running.stderr.readline()
        running.terminate()
        assert "    at " not in running.stderr.read(), "a sentence, no stack"
    assert running.returncode in (0, 1)


def written(arguments: str) -> str:
    """As the page writes them: without what a call gives back, in the words of docs/queue.md."""
    kept = [each for each in arguments.split(", ") if not each.startswith("OUT ")]
    text = re.sub(r"::[\w.\[\] ]+", "", ", ".join(kept))
    for said, word in (
        ("DEFAULT", "default"),
        ("NULL", "null"),
        ("timestamp with time zone", "timestamptz"),
        ("'00:01:00'", "'60 seconds'"),
        ("'00:00:30'", "'30 seconds'"),
        ("'00:05:00'", "'5 minutes'"),
    ):
        text = text.replace(said, word)
    return text


def test_it_has_every_function_with_its_types(database: Database) -> None:
    page = "".join(each.read_text() for each in (PAGE, STUDIO, MEDIA, OPS, IMPORT))
    found = {
        name: (arguments, names)
        for name, arguments, names in factories.look(database, FUNCTIONS)
        if name not in INTERNAL
    }
    assert "work.claim" in found
    lacking = {
        name: written(arguments)
        for name, (arguments, _) in found.items()
        if not name.startswith("render.submit")
        and f"`{name}({written(arguments)})`" not in page
    }
    assert lacking == {}, f"open {PAGE}, {MEDIA}, or {STUDIO} for what ends files"


@pytest.mark.parametrize(("name", "column"), [("submit", 0), ("submit_many", 2)])
def test_it_has_every_argument_of_a_submission_with_its_type(
    database: Database, name: str, column: int
) -> None:
    [table] = re.findall(
        r"^\| `render.submit` .*\n\| ---.*\n((?:\|.*\n)+)", PAGE.read_text(), re.M
    )
    shown: set[tuple[str, str]] = set()
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        names = re.findall(r"`(\w+)`", cells[column])
        shown |= {(each, cells[column + 1].strip("`")) for each in names}
    taken = {
        (str(argument), str(kind).replace("timestamp with time zone", "timestamptz"))
        for argument, kind in factories.look(
            database,
            "select a.name, format_type(a.type, null)"
            " from pg_proc as f"
            " cross join lateral unnest(f.proargnames, f.proargtypes::oid[]) as a (name, type)"
            " where f.pronamespace = 'render'::regnamespace and f.proname = %(name)s"
            " and a.type is not null",
            name=name,
        )
    }
    assert len(taken) > 20
    assert shown == taken, f"open {PAGE}"


def psql(
    database: Database, text: str, *options: str
) -> subprocess.CompletedProcess[str]:
    """What plain psql says to this, without any psqlrc."""
    return subprocess.run(
        ["psql", "-XqAt", *options],
        input=text,
        env=environment(database),
        capture_output=True,
        text=True,
        check=False,
    )


def test_its_submitter_enters_its_scope_and_submits(database: Database) -> None:
    [block] = [
        each
        for each in re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.S)
        if "insert into render.jobs" in each
    ]
    owner = user(database)
    done = psql(database, block.replace("0193…", str(owner)), "-v", "ON_ERROR_STOP=1")
    assert done.stderr == ""
    found = job(database, UUID(done.stdout.split()[-1]))
    assert (found["user_id"], found["submitted_by"]) == (str(owner), f"user:{owner}")


def test_plain_psql_shows_the_sentence_and_of_a_broken_rule_its_constraint(
    database: Database,
) -> None:
    ask = (
        f"begin; select identity.bind('renderstore_app', '{user(database)}', 'u');\n"
        "insert into render.jobs (template_path, output_path, priority) values ('/a', '/b', 11);\n"
        "rollback; begin;\n"
        f"select identity.bind('renderstore_app', '{factories.users.make(database)}', 'u');\n"
        "insert into render.jobs (template_path, output_path, priority) values ('/a', '/b', 9);\n"
    )
    assert "CONTEXT:" in psql(database, ask).stderr
    alone = psql(database, ask, "-v", "SHOW_CONTEXT=never").stderr.splitlines()
    assert alone == [
        'ERROR:  value for domain work.priority violates check constraint "priority_is_0_to_10_check"',
        "ERROR:  The plan Free allows priorities up to 5; 9 was asked for.",
    ]


def test_a_sentence_is_asked_for_as_the_page_does(database: Database) -> None:
    [block] = re.findall(r"```sql\n(select ops.sentence.*?)```", PAGE.read_text(), re.S)
    said = psql(database, f"set role renderstore_app;\n{block}").stdout
    assert "frame" in said


def test_it_names_no_function_that_is_not_there(database: Database) -> None:
    named = set(re.findall(r"`((?:work|render|ops|identity)\.\w+)\(", PAGE.read_text()))
    there = factories.look(
        database,
        "select distinct pronamespace::regnamespace || '.' || proname from pg_proc",
    )
    assert named - {row[0] for row in there} == set(), f"open {PAGE}"


def test_it_has_every_refusal(database: Database) -> None:
    page = PAGE.read_text()
    raised = {
        code
        for (source,) in factories.look(
            database,
            "select prosrc from pg_proc where pronamespace = any("
            " array['work'::regnamespace, 'render'::regnamespace])",
        )
        for code in re.findall(r"RS\d{3}", source)
    }
    assert "RS011" in raised
    for code in raised:
        assert f"| `{code}` | `{_BY_SQLSTATE[code].__name__}` |" in page, f"open {PAGE}"


def test_its_worker_offers_labels(database: Database, script: list[str]) -> None:
    [one] = submit(database, user(database), labels=["ae", "gpu"])
    drain(database, script, "true", "gpu,ae")
    assert job(database, one)["status"] == "completed"
