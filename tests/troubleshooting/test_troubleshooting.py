"""Each heading of docs/troubleshooting.md on a database that has its fault: seen, shown, mended, gone."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.troubleshooting import (
    asking,
    connecting,
    migrating,
    queueing,
)
from tests.troubleshooting.faults import FAULTS
from tests.troubleshooting.page import (
    PAGE,
    Symptom,
    Words,
    fits,
    holds,
    quotes,
    symptoms,
)
from tests.troubleshooting.servers import alone
from tests.troubleshooting.shell import Shell, opened

__all__ = ["alone", "asking", "connecting", "migrating", "queueing"]

SYMPTOMS = symptoms()
_MENDED = "----8<----"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Generator[Shell]:
    # A socket's path is short.
    with opened(Path(os.path.realpath(tmp_path_factory.mktemp("sh")))) as made:
        yield made


def test_every_heading_has_its_fault() -> None:
    assert [each.heading for each in SYMPTOMS if each.heading not in FAULTS] == [], (
        f"open {PAGE}"
    )
    assert sorted(FAULTS.keys() - {each.heading for each in SYMPTOMS}) == [], (
        f"open {PAGE}: faults that no heading names"
    )


def test_no_heading_stands_twice() -> None:
    headings = [each.heading for each in SYMPTOMS]
    assert sorted(headings) == sorted(set(headings)), f"open {PAGE}"


@pytest.mark.parametrize("symptom", SYMPTOMS, ids=lambda each: each.heading)
def test_what_the_page_says_is_seen_and_mended(
    symptom: Symptom, shell: Shell, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    registered = FAULTS.get(symptom.heading)
    assert registered is not None, f"open {PAGE}: {symptom.heading} has no fault"
    where = f"open {PAGE}: {symptom.heading}"
    with registered.make(request.getfixturevalue(registered.on)) as fault:
        words = Words(fault.words)
        command, remedy = words.real(symptom.command), words.real(symptom.remedy)

        environment = fault.environment
        if fault.see is not None:
            seen = words.example(fault.see(environment))
            for message in symptom.quoted:
                assert quotes(seen, message), f"{where}: seen is {seen!r}"
        said = words.example(shell.run(command, fault.environment, tmp_path)[0])
        assert fits(said, symptom.output), f"{where}: the command prints\n{said}"
        if fault.see is None:
            for message in symptom.quoted:
                assert quotes(said, message), (
                    f"{where}: the heading is not said\n{said}"
                )
        assert not holds(said, fault.well), f"{where}: it is well before it is mended"

        kept = tmp_path / "environment"
        script = (
            f"set -eu\n{remedy}\nset +e\nenv -0 >{kept}\necho '{_MENDED}'\n{command}\n"
        )
        said = words.example(shell.run(script, fault.environment, tmp_path)[0])
        done, mended, after = said.partition(f"{_MENDED}\n")
        assert mended, f"{where}: the remedy fails\n{done}"
        if not fault.is_asked_anew:
            after = done
        assert holds(after, fault.well), f"{where}: after the remedy\n{done}{after}"
        if fault.see is not None:
            environment = dict(
                line.split("=", 1) for line in kept.read_text().split("\0") if line
            )
            seen = words.example(fault.see(environment))
            for message in symptom.quoted:
                assert not quotes(seen, message), f"{where}: still seen\n{seen}"
