"""A server for .ci/wheel, and the steps that a DBA and a developer take with the wheel."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from renderstore import migrations, settings
from renderstore.testing import running_server

QUERY = """
from renderstore import connect, identity

with connect() as store, store.admin(reason="the wheel's check") as conn:
    users = identity.users.count(conn)
    assert identity.users.find_by_email(conn, email="nobody@example.com") is None
    print("typed queries answer; users:", users)
"""


def main(work: Path) -> None:
    """Migrate with yoyo and the wheel's folder, then run a typed query."""
    programs = work / "venv" / "bin"
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "VIRTUAL_ENV", "PYTHONPATH"))
    }

    def run(*command: str | Path, **environment: str) -> str:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=work,
            env={**clean, **environment},
            text=True,
            stdout=subprocess.PIPE,
            check=True,
        )
        return done.stdout.strip()

    folder = run(programs / "renderstore", "migrations")
    if not Path(folder).is_relative_to(work):
        raise SystemExit(f"The migrations of {folder} are not the wheel's.")
    with running_server("embedded") as server:
        database = server.create()
        owner = settings.parse(database.owner_url)
        run(
            *(programs / "yoyo", "apply", "--batch", "--no-config-file"),
            *("--database", migrations.YOYO_URL, folder),
            **owner.environment(),
        )
        migrations.let_enter(owner, server.worker)
        print(f"{len(migrations.applied(owner))} migrations applied from {folder}")
        print(run(programs / "python", "-c", QUERY, DATABASE_URL=database.url))
        print(
            run(programs / "renderstore", "validate", DATABASE_URL=database.owner_url)
        )


main(Path(sys.argv[1]).resolve())
