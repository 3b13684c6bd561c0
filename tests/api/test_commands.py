"""Every command, asked wrongly and without a server: one sentence, and a status that is not 0."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Generator
from dataclasses import asdict
from pathlib import Path

import click
import pytest

from renderstore.backup._manifest import FORMAT, NAME, Manifest, Place
from renderstore.cli import cli, main

# How each command is asked that needs a server.
ASKED: dict[str, tuple[str, ...]] = {
    "up": (),
    "init": ("--yes",),
    "reset": ("--yes",),
    "ping": (),
    "seed": ("--yes",),
    "demo": (),
    "backup": ("farm.backup",),
    "restore": ("old.backup", "--into", "other"),
    "migrate": ("--yes",),
    "rollback": ("--yes",),
    "validate": (),
    "push": ("--yes",),
    "pull": (),
    "resolve": ("--applied", "0001"),
    "unlock": (),
    "login": ("web", "ann"),
    "work": ("mac-studio-3", "--run", "true"),
    "reencrypt": ("--yes",),
    "farm": ("list",),
    "watch": ("--once",),
    "history": ("studio.projects", "00000000-0000-7000-8000-000000000001"),
    "check": (),
    "studio": (),
    "sweep": (),
    "slow": (),
    "bench": ("self",),
    "import-folder": (
        *("sheet", "--user", "ann@example.org", "--project", "Fox", "--root", "files"),
    ),
    "import": (
        *("prisma", "--from", "postgresql://a:b@127.0.0.1:1/old"),
        *("--kind", "render-manager"),
    ),
    "janitor": ("--root", "files"),
    "reconcile": ("--root", "files"),
}
# A group that does something by itself takes a word for a command.
GROUPS: dict[str, tuple[str, ...]] = {"farms": ("down",)}
# Their answer is a verdict, or that there is none.
TELLING = {"health"}
# Without a server they do what they are for.
OFFLINE = {
    "down",
    "url",
    "key",
    "migrations",
    "new",
    "generate",
    "snapshot",
    "docs",
    "farms",
}
# It becomes psql, which says it in its own words.
OTHERS = {"psql"}

# A restoration reads its backup before it looks for a server.
EMPTY = Manifest(
    format=FORMAT,
    database="farm",
    login="a",
    taken_at="2026-11-27T00:00:00+00:00",
    snapshot="",
    server="18",
    major=18,
    program_major=18,
    place=Place(
        encoding="UTF8",
        provider="c",
        collate="C",
        ctype="C",
        locale=None,
        statements=[],
    ),
    migrations=[],
    tables={},
    walls=[],
    roles=[],
    without=[],
    files={},
)

Said = tuple[int, str, str]
Say = Callable[..., Said]


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """DATABASE_URL names a port where nothing listens, and the folder holds what the commands name."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, never listening: nobody else gets it
        monkeypatch.setenv(
            "DATABASE_URL", f"postgresql://a:b@127.0.0.1:{taken.getsockname()[1]}/farm"
        )
        monkeypatch.setenv("RENDERSTORE_KEYS", f"k1:{'A' * 43}=")
        monkeypatch.delenv("DIRECT_URL", raising=False)
        monkeypatch.chdir(tmp_path)
        for folder in ("sheet", "files", "old.backup"):
            Path(folder).mkdir()
        Path("old.backup", NAME).write_text(json.dumps(asdict(EMPTY)))
        yield


@pytest.fixture
def say(
    nobody: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Say:
    """Types a command: its status, what it says, what it complains of."""

    def call(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["renderstore", *arguments])
        status: object = 0
        try:
            main()
        except SystemExit as ended:
            status = ended.code
        said = capfd.readouterr()
        assert "Traceback" not in said.err + said.out
        return int(str(status or 0)), said.out, said.err

    return call


def test_each_command_stands_in_one_list() -> None:
    listed = [*ASKED, *TELLING, *OFFLINE, *OTHERS]
    assert sorted(listed) == sorted(cli.commands)


@pytest.mark.parametrize("command", ASKED)
def test_without_a_server_it_is_one_sentence(say: Say, command: str) -> None:
    status, _, complaint = say(command, *ASKED[command])
    assert status in (1, 2)
    (sentence,) = complaint.splitlines()
    assert sentence.startswith("Error: ")
    assert sentence.endswith("Connection refused")


@pytest.mark.parametrize("command", TELLING)
def test_without_a_server_the_verdict_is_one_line(say: Say, command: str) -> None:
    status, verdict, complaint = say(command)
    assert (status, complaint) == (2, "")
    (line,) = verdict.splitlines()
    assert line.endswith("Connection refused")


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_an_option_that_it_does_not_have_is_named(say: Say, command: str) -> None:
    if command in OTHERS:
        pytest.skip("psql reads its options")
    status, _, complaint = say(
        command, *{**ASKED, **GROUPS}.get(command, ()), "--no-such-thing"
    )
    assert status == 2
    assert "Error: No such option '--no-such-thing'" in complaint


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_a_word_too_many_is_refused(say: Say, command: str) -> None:
    places = [each for each in cli.commands[command].params if each.nargs == -1]
    if places:
        pytest.skip("takes any number of words")
    words = [
        each
        for each in cli.commands[command].params
        if isinstance(each, click.Argument)
    ]
    asked = {**ASKED, **GROUPS}.get(command, ())
    given = sum(not word.startswith("-") for word in asked[: len(words)])
    status, _, complaint = say(
        command, *asked, *("working" for _ in words[given:]), "too", "many"
    )
    assert status == 2
    assert "Error: Got unexpected extra argument" in complaint


def wrong_value(param: click.Parameter) -> str | None:
    """What a parameter cannot be; None where anything is taken."""
    match param.type:
        case click.Choice():
            return "nonsense"
        case click.IntRange() | click.FloatRange() | click.types.IntParamType():
            return "-1e"
        case click.types.FloatParamType():
            return "nonsense"
        case click.Path(exists=True):
            return "nowhere"
        case _:
            return None


WRONG = [
    pytest.param(command, option.opts[0], wrong, id=f"{command} {option.opts[0]}")
    for command, each in sorted(cli.commands.items())
    for option in each.params
    if isinstance(option, click.Option) and not option.is_flag
    if (wrong := wrong_value(option)) is not None
]


@pytest.mark.parametrize(("command", "option", "wrong"), WRONG)
def test_a_wrong_value_is_said_with_its_option(
    say: Say, command: str, option: str, wrong: str
) -> None:
    status, _, complaint = say(
        command, *{**ASKED, **GROUPS}.get(command, ()), f"{option}={wrong}"
    )
    assert status == 2
    assert f"Error: Invalid value for '{option}'" in complaint
    assert wrong in complaint
