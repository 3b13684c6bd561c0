"""A shell in which `renderstore` is there at once: its process is a fork of one that has imported everything.

What the page says is typed some hundred times; the interpreter's start would take most of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from renderstore.server import embedded_binaries

_FORKS = textwrap.dedent(
    """
    import json, os, socket, sys
    from renderstore.cli import main

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen(64)
    print("ready", flush=True)

    def run(asking):
        said, files, _, _ = socket.recv_fds(asking, 1 << 20, 3)
        while not said.endswith(b"\\n"):
            said += asking.recv(1 << 20)
        asked = json.loads(said)
        if child := os.fork():
            asking.sendall(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
            os._exit(0)
        asking.close()
        for number, file in enumerate(files):
            os.dup2(file, number)
        os.closerange(3, 64)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.argv = ["renderstore", *asked["words"]]
        code = 1
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    while True:
        try:
            asking, _ = listener.accept()
        except OSError:
            break
        if os.fork() == 0:
            listener.close()
            run(asking)
        asking.close()
        while True:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    break
            except ChildProcessError:
                break
    """
)
_SHIM = """\
#!{python} -IS
import json, os, socket, sys

asking = socket.socket(socket.AF_UNIX)
asking.connect({path!r})
asked = {{"words": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}}
said = json.dumps(asked).encode() + b"\\n"
socket.send_fds(asking, [said[:1000]], [0, 1, 2])
asking.sendall(said[1000:])
sys.exit(int(asking.recv(16) or b"1"))
"""


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs what the page says, from a folder that has nothing to do with ours."""

    programs: Path

    def run(
        self, script: str, environment: Mapping[str, str], folder: Path
    ) -> tuple[str, int]:
        """What a person sees of it, and its exit status."""
        path = [
            str(self.programs),
            str(Path(sys.executable).parent),
            str(embedded_binaries()),
            os.environ["PATH"],
        ]
        done = subprocess.run(
            ["bash", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={
                "HOME": str(folder),
                "LANG": "C.UTF-8",
                "PATH": os.pathsep.join(path),
                "PSQL_HISTORY": "/dev/null",
                "TZ": "UTC",
                **environment,
            },
            text=True,
            check=False,
        )
        return done.stdout, done.returncode


@contextmanager
def opened(folder: Path) -> Generator[Shell]:
    """A shell whose `renderstore` forks from one process."""
    path = str(folder / "forks")
    forks = subprocess.Popen(
        [sys.executable, "-c", _FORKS, path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert forks.stdout is not None
        assert forks.stdout.readline() == "ready\n"
        programs = folder / "programs"
        programs.mkdir()
        shim = programs / "renderstore"
        shim.write_text(_SHIM.format(python=sys.executable, path=path))
        shim.chmod(0o755)
        yield Shell(programs)
    finally:
        forks.kill()
        forks.wait()
