"""A program for a render: `renderstore work NAME --run …`."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from pathlib import Path

import pytest
from tests import factories
from tests.program import RENDERSTORE

from renderstore import media, work
from renderstore.store import connect
from renderstore.testing import Database
from renderstore.worker import Program, run_worker

from .support import PATIENCE, count, eventually, job, submit, user
from .sync.colour import working


def run(database: Database, command: str) -> None:
    """Run the program for what is queued."""
    with connect(database.url) as store:
        run_worker(store, "w", Program(command), stop_when_empty=True)


def log(database: Database) -> str:
    """What the only job's programs said."""
    rows = factories.look(
        database, "select string_agg(chunk, '' order by position) from work.logs"
    )
    return str(rows[0][0])


def test_it_reads_the_job_as_json(database: Database, tmp_path: Path) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    run(database, f"cat >{shlex.quote(str(tmp_path))}/seen")
    seen = json.loads((tmp_path / "seen").read_text())
    assert (seen["id"], seen["user_id"]) == (str(one), str(owner))
    assert (seen["attempt"], seen["kind"]) == (1, "render")
    assert seen["spec"]["output_path"] == "/renders/a.mov"
    assert "T" in seen["spec"]["queued_at"]


def test_any_program_fetches_a_playlist(database: Database, tmp_path: Path) -> None:
    """It reads what to fetch, and names the files that it kept."""
    owner = user(database)
    with connect(database.url) as store:
        store.user(owner).run(
            media.downloads.submit,
            playlist_url="https://example.org/list",
            options={"format": "best"},
        )
    seen = tmp_path / "seen"
    ran = command(
        database.url,
        "--until-empty",
        *("--kind", "download"),
        *(
            "--run",
            f"cat >{shlex.quote(str(seen))}; echo renderstore: output {owner}/a b.mp4",
        ),
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(seen.read_text())
    assert told["kind"] == "download"
    assert told["spec"]["playlist_url"] == "https://example.org/list"
    assert told["spec"]["options"] == {"format": "best"}
    assert factories.look(
        database, "select status::text, file_paths from media.downloads"
    ) == [("completed", [f"{owner}/a b.mp4"])]


def test_a_program_that_does_not_read_finishes_all_the_same(database: Database) -> None:
    [one] = submit(database, user(database))
    run(database, "true")
    assert job(database, one)["status"] == "completed"
    assert job(database, one)["exit_code"] == 0


def test_its_lines_are_the_log_and_its_markers_are_obeyed(database: Database) -> None:
    submit(database, user(database))
    run(
        database,
        "echo one; echo 'renderstore: progress 40';"
        " echo 'renderstore: output /renders/a b.mov'; echo two",
    )
    assert log(database) == "one\ntwo\n"
    assert factories.look(database, "select path from render.outputs") == [
        ("/renders/a b.mov",)
    ]


def test_a_bad_exit_fails_the_job_with_the_last_lines(database: Database) -> None:
    [one] = submit(database, user(database))
    run(database, "seq 100 >&2; exit 7")
    found = job(database, one)
    assert (found["status"], found["error_class"], found["exit_code"]) == (
        "failed",
        "crashed",
        7,
    )
    lines = found["error_message"].splitlines()
    assert lines[0] == "The program ended with exit code 7."
    assert lines[1:] == [str(each) for each in range(81, 101)]


def test_a_program_that_is_killed_says_by_what(database: Database) -> None:
    [one] = submit(database, user(database))
    run(database, "kill -9 $$")
    found = job(database, one)
    assert found["exit_code"] == 128 + 9
    assert "SIGKILL" in found["error_message"]


@pytest.mark.parametrize("trap", ["", "trap '' TERM;"], ids=["obedient", "deaf"])
def test_a_cancellation_ends_the_program(
    database: Database, tmp_path: Path, trap: str
) -> None:
    owner = user(database)
    [one] = submit(database, owner)
    began = tmp_path / "began"
    command = f"{trap} echo $$ >{shlex.quote(str(began))}; while :; do sleep 0.1; done"
    with (
        working(database, Program(command, patience=0.3), lease=1.0),
        connect(database.url) as store,
    ):
        eventually(lambda: began.exists() and began.read_text())
        store.user(owner).run(work.jobs.cancel, id=one, reason=None)
        eventually(lambda: job(database, one)["status"] == "cancelled")
    with pytest.raises(ProcessLookupError):
        os.kill(int(began.read_text()), 0)


def test_the_command_works_until_it_is_told_to_stop(database: Database) -> None:
    submit(database, user(database), 3)
    with subprocess.Popen(
        [
            *RENDERSTORE,
            *("work", "mac-studio-3"),
            *("--run", "echo rendered", "--concurrency", "2", "--labels", "gpu, ae"),
        ],
        env={**os.environ, "DATABASE_URL": database.url},
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        eventually(lambda: count(database, "completed") == 3)
        assert factories.look(database, "select name, labels from work.workers") == [
            ("mac-studio-3", ["ae", "gpu"])
        ]
        running.send_signal(signal.SIGTERM)
        said, _ = running.communicate(timeout=PATIENCE)
        assert running.returncode == 0
    lines = said.splitlines()
    assert lines[0].startswith("mac-studio-3 works on ")
    assert lines[0].endswith(
        "2 jobs at once of the kind render, offering gpu, ae."
        " Ctrl-C ends it when what runs has ended."
    )
    assert lines[-1] == "mac-studio-3 has stopped."
    assert sum(line.endswith("is done.") for line in lines) == 3


def test_ctrl_c_waits_for_the_commands_program_and_a_second_one_hurries(
    database: Database, tmp_path: Path
) -> None:
    [one] = submit(database, user(database))
    began = tmp_path / "began"
    program = f"echo $$ >{shlex.quote(str(began))}; while :; do sleep 0.1; done"
    with subprocess.Popen(
        [*RENDERSTORE, *("work", "w", "--grace", "3600", "--run", program)],
        env={**os.environ, "DATABASE_URL": database.url, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            eventually(lambda: began.exists() and began.read_text().strip())
            number = int(began.read_text())
            assert running.stdout is not None
            running.send_signal(signal.SIGINT)
            for line in running.stdout:
                if "A second Ctrl-C gives back at once." in line:
                    break
            os.kill(number, 0)  # it is waited for
            assert job(database, one)["status"] == "running"
            running.send_signal(signal.SIGINT)
            said, _ = running.communicate(timeout=PATIENCE)
        finally:
            running.kill()
    assert running.returncode == 0
    assert "waits no longer" in said
    found = job(database, one)
    assert (found["status"], found["lost_leases"]) == ("queued", 0)
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def command(
    url: str, *arguments: str, **environ: str
) -> subprocess.CompletedProcess[str]:
    """What `renderstore work w` said and answered."""
    return subprocess.run(
        [
            *RENDERSTORE,
            *("work", "w", "--run", "true", *arguments),
        ],
        env={**os.environ, "DATABASE_URL": url, **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def test_without_a_server_the_command_says_so_at_once() -> None:
    ran = command("postgresql://nobody@127.0.0.1:1/nowhere")
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr.startswith("Error: nowhere on 127.0.0.1 is not reached: ")
    assert "Traceback" not in ran.stderr


def test_without_any_farm_the_command_says_so_at_once() -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/nowhere"
    ran = command(nowhere, FARM_URLS=f"2={nowhere}")
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr.startswith("Error: No farm answers. ")
    assert len(ran.stderr.splitlines()) == 1


def test_without_migrations_the_command_says_so(empty_database: Database) -> None:
    ran = command(empty_database.admin_url, "--until-empty")
    assert ran.returncode == 1
    assert "lacks renderstore's migrations" in ran.stderr
    assert "works on" not in ran.stdout


def test_the_command_takes_the_kinds_that_are_named(database: Database) -> None:
    [one] = submit(database, user(database))
    ran = command(database.url, "--until-empty", "--kind", "download", "--kind", "step")
    assert ran.returncode == 0
    assert "of the kind download, step" in ran.stdout
    assert job(database, one)["status"] == "queued"
    assert command(database.url, "--kind", "dream").returncode == 2
