"""A released migration is never edited: sql/migrations/CHECKSUMS remembers it.

Released is what stands under a version's heading in CHANGELOG.md. Each such heading says
`Migrations: 0001-0012.` or `Migrations: none.`, and all up to there must be remembered.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

import pytest

from renderstore._paths import MIGRATIONS

from .support import CHECKOUT, NAMES

CHANGELOG = CHECKOUT / "CHANGELOG.md"


def test_no_released_migration_was_edited() -> None:
    assert not edited(MIGRATIONS), (
        f"{edited(MIGRATIONS)}: released, so it stays; write a new migration"
    )


def test_every_release_says_its_migrations() -> None:
    assert not silent(changelog()), (
        f"CHANGELOG.md: under {silent(changelog())} say `Migrations: 0001-0012.` or `none`"
    )


def test_every_released_migration_is_remembered() -> None:
    missing = forgotten(changelog(), MIGRATIONS)
    assert not missing, f"sql/migrations/CHECKSUMS: run sha256sum over {missing}"


def test_an_edited_released_migration_is_noticed(tmp_path: Path) -> None:
    folder = released_copy(tmp_path)
    first = folder / f"{NAMES[0]}.sql"
    first.write_text(first.read_text() + "\nselect 1;\n")
    assert edited(folder) == [first.name]


def test_a_new_checksum_does_not_excuse_an_edit(tmp_path: Path) -> None:
    folder = released_copy(tmp_path)
    first = folder / f"{NAMES[0]}.sql"
    first.write_text(first.read_text() + "\nselect 1;\n")
    with (folder / "CHECKSUMS").open("a") as sums:
        sums.write(f"{checksum(first)}  {first.name}\n")
    assert edited(folder) == [first.name]


@pytest.mark.parametrize("ending", [".sql", ".rollback.sql"])
def test_a_lost_released_migration_is_noticed(tmp_path: Path, ending: str) -> None:
    folder = released_copy(tmp_path)
    (folder / f"{NAMES[-1]}{ending}").unlink()
    assert edited(folder) == [NAMES[-1] + ending]


def test_a_release_without_its_checksums_is_noticed(tmp_path: Path) -> None:
    folder = released_copy(tmp_path)
    last = NAMES[-1]
    lines = (folder / "CHECKSUMS").read_text().splitlines(keepends=True)
    (folder / "CHECKSUMS").write_text(
        "".join(line for line in lines if last not in line)
    )
    log = f"# Changes\n\n## Unreleased\n\n## 1.0.0\n\nMigrations: 0001-{last[:4]}.\n"
    assert forgotten(log, folder) == [f"{last}.rollback.sql", f"{last}.sql"]


def test_a_release_without_a_word_on_migrations_is_noticed() -> None:
    assert silent(
        "## Unreleased\n\n## 1.0.1\n\nFaster.\n\n## 1.0.0\n\nMigrations: none."
    ) == ["1.0.1"]


def edited(folder: Path) -> list[str]:
    """The files that are not what they were when released."""
    return [
        name
        for name, known in remembered(folder)
        if not (folder / name).exists() or checksum(folder / name) != known
    ]


def forgotten(log: str, folder: Path) -> list[str]:
    """The released files whose checksum was not written down."""
    numbers = [
        number
        for text in releases(log).values()
        for line in re.findall(r"^Migrations?:.*", text, re.MULTILINE)
        for number in re.findall(r"\d{4}", line)
    ]
    last = max(numbers, default="")
    return sorted(
        file.name
        for file in folder.glob("*.sql")
        if file.name[:4] <= last and file.name not in dict(remembered(folder))
    )


def silent(log: str) -> list[str]:
    """The versions that say nothing of migrations."""
    return [
        version
        for version, text in releases(log).items()
        if not re.search(r"^Migrations?: (none|.*\d{4})", text, re.MULTILINE)
    ]


def releases(log: str) -> dict[str, str]:
    """What stands under each version's heading."""
    parts = re.split(
        r"^## +\[?v?(\d+\.\d[\w.]*)\]?.*$|^## .*$", log, flags=re.MULTILINE
    )
    return {
        version: text
        for version, text in zip(parts[1::2], parts[2::2], strict=True)
        if version
    }


def remembered(folder: Path) -> list[tuple[str, str]]:
    """The names and checksums; a name that was added twice must fit both times."""
    lines = (folder / "CHECKSUMS").read_text(encoding="utf-8").splitlines()
    found = [line.split() for line in lines if line and not line.startswith("#")]
    return [(name.lstrip("*"), known) for known, name in found]


def checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def changelog() -> str:
    return CHANGELOG.read_text(encoding="utf-8") if CHANGELOG.exists() else ""


def released_copy(folder: Path) -> Path:
    copy = folder / "migrations"
    shutil.copytree(MIGRATIONS, copy)
    lines = [f"{checksum(file)}  {file.name}\n" for file in sorted(copy.glob("*.sql"))]
    (copy / "CHECKSUMS").write_text("".join(lines))
    return copy
