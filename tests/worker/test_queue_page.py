"""docs/queue.md: its worker works as it stands there, and its functions are the database's."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from tests import factories

from renderstore import settings
from renderstore.errors import _BY_SQLSTATE  # pyright: ignore[reportPrivateUsage]
from renderstore.testing import Database

from .support import count, job, submit, user

PAGE = Path(__file__).parents[2] / "docs" / "queue.md"

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
where f.pronamespace in ('work'::regnamespace, 'render'::regnamespace, 'ops'::regnamespace)
    and f.provolatile = 'v'
    and f.prorettype <> 'trigger'::regtype
    and exists (
        select
        from unnest(array['app', 'worker', 'admin']) as role
        where has_function_privilege('renderstore_' || role, f.oid, 'execute')
    )
    and not has_function_privilege('public', f.oid, 'execute')
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The page's worker in a file."""
    found = re.search(r"```sh\n(.*?)```", PAGE.read_text(), re.S)
    assert found is not None, "open docs/queue.md: the worker in shell is gone"
    path = tmp_path / "worker.sh"
    path.write_text(found[1])
    return path


def drain(database: Database, script: Path, render: str, *labels: str) -> None:
    """Run the worker until nothing is left."""
    done = subprocess.run(
        ["sh", str(script), "shell-1", *labels],
        env={
            **os.environ,
            **settings.parse(database.url).environment(),
            "RENDER": render,
            "UNTIL_EMPTY": "yes",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_it_has_about_twenty_lines(script: Path) -> None:
    assert len(script.read_text().splitlines()) <= 25


def test_it_finishes_jobs(database: Database, script: Path, tmp_path: Path) -> None:
    submit(database, user(database), 2)
    drain(database, script, f"cat >>{tmp_path}/seen")
    assert count(database, "completed") == 2
    assert (tmp_path / "seen").read_text().count("/renders/a.mov") == 2
    assert factories.look(database, "select distinct held_by from work.events") == [
        ("shell-1",)
    ]


def test_it_fails_a_job_with_what_the_program_said(
    database: Database, script: Path
) -> None:
    [one] = submit(database, user(database))
    drain(database, script, 'echo "it\'s broken" >&2; exit 3')
    found = job(database, one)
    assert (found["status"], found["error_class"], found["error_message"]) == (
        "failed",
        "crashed",
        "it's broken",
    )


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
    ):
        text = text.replace(said, word)
    return text


def test_it_has_every_function_with_its_types(database: Database) -> None:
    page = PAGE.read_text()
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
    assert lacking == {}, f"open {PAGE}"
    columns = {
        row[0]
        for row in factories.look(
            database,
            "select attname from pg_attribute where attrelid = 'render.specs'::regclass",
        )
    }
    asked = set(found["render.submit"][1]) - columns
    assert asked <= set(re.findall(r"\w+", page)), f"open {PAGE}"


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


def test_its_worker_offers_labels(database: Database, script: Path) -> None:
    [one] = submit(database, user(database), labels=["ae", "gpu"])
    drain(database, script, "true", "gpu,ae")
    assert job(database, one)["status"] == "completed"
