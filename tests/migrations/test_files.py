"""The files of the migrations, read as text: what yoyo would pass over in silence."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from renderstore._paths import MIGRATIONS

from .support import NAMES

FILES = sorted(MIGRATIONS.glob("*.sql"))
_DIRECTIVE = re.compile(r"^\s*--\s*(depends|transactional)\s*:", re.MULTILINE)
_LIKELY_DIRECTIVE = re.compile(r"^\s*--\s*(depend\w*|transaction\w*)\s*:", re.MULTILINE)


def test_every_file_is_a_migration_or_its_rollback() -> None:
    strange = [file.name for file in FILES if not is_named_well(file)]
    assert not strange, f"{strange}: a migration is called NNNN.verb-subject.sql"


def test_every_migration_has_its_rollback() -> None:
    missing = [name for name in NAMES if not rollback(name).exists()]
    orphans = [
        file.name
        for file in FILES
        if file.name.endswith(".rollback.sql")
        and file.name.removesuffix(".rollback.sql") not in NAMES
    ]
    assert not missing, f"{missing}: yoyo believes a missing rollback and unmarks"
    assert not orphans, f"{orphans}: a rollback of nothing"


def test_numbers_have_no_holes() -> None:
    assert [name[:4] for name in NAMES] == [f"{n + 1:04}" for n in range(len(NAMES))]


def test_a_migration_depends_on_the_one_before_it() -> None:
    wrong = [
        f"sql/migrations/{name}.sql: -- depends: {before}"
        for number, name in enumerate(NAMES)
        if directives(read(name)) != (before := NAMES[:number][-1:])
    ]
    assert not wrong, "\n".join(wrong)


def test_a_file_holds_nothing_that_yoyo_misreads() -> None:
    wrong = [
        f"{file}: {found}" for file in FILES if (found := faults(file.read_bytes()))
    ]
    assert not wrong, "\n".join(wrong)


def test_a_migration_opens_with_what_it_does() -> None:
    silent = [
        f"{name}.sql: say what and why"
        for name in NAMES
        if not re.match(r"-- (?!depends|transactional)\w", read(name).splitlines()[0])
    ]
    assert not silent, "\n".join(silent)


def test_a_rollback_lets_a_surprise_stop_it() -> None:
    wrong: list[str] = []
    for name in NAMES:
        text = without_comments(rollback(name).read_text(encoding="utf-8"))
        if not text.strip():
            wrong.append(f"{name}.rollback.sql is empty: yoyo believes it")
        if loose := re.search(
            r"\bcascade\b|\bif\s+exists\b(?!\s*\()", text, re.IGNORECASE
        ):
            wrong.append(f"{name}.rollback.sql: no `{loose[0]}`")
    assert not wrong, "\n".join(wrong)


def test_a_rollback_that_loses_rows_says_so_first() -> None:
    silent = [
        f"{name}.rollback.sql: the first line says what is lost"
        for name in NAMES
        if loses_rows(text := rollback(name).read_text(encoding="utf-8"))
        and not re.match(r"-- \w", text)
    ]
    assert not silent, "\n".join(silent)


def test_a_migration_outside_a_transaction_can_run_again() -> None:
    wrong: list[str] = []
    for name in NAMES:
        text = read(name)
        if "-- transactional: false" not in leading(text):
            continue
        said = re.findall(r"[^;]+;", without_comments(text))
        begins = re.search(
            r"^\s*drop .* concurrently if exists", said[0], re.IGNORECASE
        )
        if not begins or len(said) != 2:
            wrong.append(f"{name}.sql: one statement behind its own drop … if exists")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        ("\ufeff-- Why.\nselect 1;", "a BOM"),
        ("-- Why.\r\nselect 1;\r\n", "a carriage return"),
        ("-- Why.\n\\set x 1\nselect 1;", "a psql command"),
        ("-- Why.\nbegin;\nselect 1;\ncommit;", "begin or commit"),
        ("-- Why.\nstart transaction;\nselect 1;", "begin or commit"),
        ("-- Why.\ncopy a.b from stdin;", "copy from stdin"),
        (
            "-- Why.\nselect 1;\n-- depends: 0001.x\n",
            "a directive below the first statement",
        ),
        ("-- Why.\n-- depend: 0001.x\nselect 1;", "a misspelled directive"),
        ("-- Why.\n-- Depends: 0001.x\nselect 1;", "a misspelled directive"),
    ],
)
def test_a_fault_is_found(broken: str, fault: str) -> None:
    assert faults(broken.encode()) == [fault]


def test_a_body_may_begin_and_copy_what_it_likes() -> None:
    fine = (
        "-- Why.\ncreate function a.b() returns int language sql begin atomic select 1;"
        " end;\ncreate function a.c() returns trigger language plpgsql as $$\nbegin\n"
        "    return new;\nend\n$$;\n"
    )
    assert faults(fine.encode()) == []


def faults(file: bytes) -> list[str]:
    """What yoyo, which reads no psql, would stumble over or not see."""
    text = file.decode()
    code = without_comments(without_bodies(text))
    tests: dict[str, Callable[[], object]] = {
        "a BOM": lambda: text.startswith("\ufeff"),
        "a carriage return": lambda: "\r" in text,
        "a psql command": lambda: re.search(r"^\s*\\", code, re.MULTILINE),
        "begin or commit": lambda: re.search(
            r"(^|;)\s*(begin|commit|rollback|start\s+transaction|end)\s*(transaction\s*)?;",
            re.sub(r"\bbegin\s+atomic\b.*?\bend\s*;", ";", code, flags=re.I | re.S),
            re.IGNORECASE,
        ),
        "copy from stdin": lambda: re.search(
            r"\bcopy\b[^;]*\bfrom\s+stdin\b", code, re.IGNORECASE
        ),
        "a directive below the first statement": lambda: _DIRECTIVE.search(
            text.removeprefix(leading(text))
        ),
        "a misspelled directive": lambda: [
            found
            for found in re.findall(
                _LIKELY_DIRECTIVE.pattern, leading(text), re.I | re.M
            )
            if found not in ("depends", "transactional")
        ],
    }
    return [fault for fault, found in tests.items() if found()]


def directives(text: str) -> list[str]:
    """What a migration says that it depends on."""
    return re.findall(r"^-- depends: (.*)$", leading(text), re.MULTILINE)


def loses_rows(text: str) -> bool:
    return bool(
        re.search(r"\bdrop\s+(table|column)\b|\bdelete\s+from\b", text, re.IGNORECASE)
    )


def leading(text: str) -> str:
    """The comment lines on top, where alone yoyo looks for directives."""
    found = re.match(r"(?:\ufeff?[ \t]*(?:--[^\n]*)?\n)*", text)
    return found[0] if found else ""


def without_bodies(text: str) -> str:
    return re.sub(r"(\$\w*\$).*?\1", "''", text, flags=re.DOTALL)


def without_comments(text: str) -> str:
    return re.sub(r"--[^\n]*", "", text)


def read(name: str) -> str:
    return (MIGRATIONS / f"{name}.sql").read_text(encoding="utf-8")


def rollback(name: str) -> Path:
    return MIGRATIONS / f"{name}.rollback.sql"


def is_named_well(file: Path) -> bool:
    return bool(
        re.fullmatch(r"\d{4}\.[a-z0-9]+(-[a-z0-9]+)+(\.rollback)?\.sql", file.name)
    )
