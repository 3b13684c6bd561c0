"""What a caller may write: both type checkers take the right calls and no wrong one."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
SAMPLES = "tests/api/samples"
CHECKERS = {
    "mypy": [sys.executable, "-m", "mypy", "--strict"],
    "pyright": [sys.executable, "-m", "pyright", "--pythonpath", sys.executable],
}


def check(checker: str, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CHECKERS[checker], path],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("checker", CHECKERS)
def test_right_calls_pass_and_each_wrong_call_is_an_error(checker: str) -> None:
    # A wrong call that passes makes its `type: ignore` unnecessary, which is an error.
    said = check(checker, SAMPLES)
    assert said.returncode == 0, said.stdout


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_checker_that_is_not_told_to_ignore_refuses_every_marked_line(
    checker: str, tmp_path: Path
) -> None:
    text = (CHECKOUT / SAMPLES / "wrong.py").read_text()
    marked = {
        number
        for number, line in enumerate(text.splitlines(), 1)
        if "# type: ignore[" in line
    }
    bare = tmp_path / "bare.py"
    bare.write_text(text.replace("# type: ignore[", "# was marked ["))
    said = check(checker, str(bare))
    refused = {
        int(line.split("bare.py:")[1].split(":")[0])
        for line in said.stdout.splitlines()
        if "bare.py:" in line and "error" in line
    }
    assert marked
    assert refused == marked, said.stdout
