"""Files that assets name: removed when nothing does any more, and compared with the rows."""

from __future__ import annotations

import time
from pathlib import Path

import click

from renderstore.cli import place
from renderstore.cli.console import say
from renderstore.store import SyncStore

root_option = click.option(
    "--root",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder in which each user has one, called by the user's id.",
)


@click.command()
@root_option
@click.option("--name", default="janitor", show_default=True, help="Who it acts as.")
@click.option(
    "--every",
    type=click.FloatRange(1, 86400),
    help="Look again after so many seconds; without it, once.",
)
def janitor(root: Path, name: str, every: float | None) -> None:
    """Remove the files of assets that expired, were deleted or whose user was erased.

    It acts as a worker, and several may run at once. What it could not remove it tries again later, and
    `select * from ops.removals` says why. A path outside of the owner's folder is refused. Where FARM_URLS names farms, it
    removes what home and each of them say.
    """
    from renderstore.janitor import Cleaned, below, clean

    delete = below(root)

    def one(store: SyncStore) -> Cleaned:
        return clean(store, delete=delete, name=name)

    with place.nodes(size=2) as nodes:
        while True:
            failed = 0
            for node, done in place.each(nodes, one):
                failed += 1 if done is None else done.failed
                if done and (done.removed or done.failed or every is None):
                    say(f"{node}{done.removed} files removed, {done.failed} failed.")
            if every is None:
                break
            time.sleep(every)
    if failed:
        raise click.ClickException(
            "What failed is tried again later: select * from ops.removals."
        )


@click.command()
@root_option
@click.option(
    "--fix",
    "fixes",
    is_flag=True,
    help="Queue the stray files for the janitor, and mark the rows.",
)
def reconcile(root: Path, fixes: bool) -> None:
    """Say which files lie on disk without a row, and which rows are without a file.

    With --fix a stray file is queued for the janitor, and a row is marked in `missing_at`. Farms that share the folder are
    named in FARM_URLS: a file with a row on any of them is none without. All of them must answer.
    """
    from renderstore.janitor import Found, fix
    from renderstore.janitor import reconcile as compare

    stray = missing = fixed = 0
    with place.opened(size=2, farms_timeout=5) as store:
        found: list[Found] = list(compare(store, root))
        for one in found:
            if one.id is None:
                stray += 1
                say(f"on disk without a row: {one.uri!r}")
            elif one.is_on_disk:
                say(f"marked as missing, and there: {one.uri}")
            else:
                missing += 1
                say(f"in a row without a file: {one.uri}")
            fixed += fixes and fix(store, one)
    say(
        f"{stray} files without a row, {missing} rows without a file"
        + (f"; {fixed} fixed." if fixes else ".")
    )


@click.command("import-folder")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--user", "email", required=True, help="Whose: the e-mail address.")
@click.option(
    "--project", "title", required=True, help="Its title; made if there is none."
)
@root_option
@click.option("--dry-run", "dry", is_flag=True, help="Say what would be done.")
def import_folder(path: Path, email: str, title: str, root: Path, dry: bool) -> None:
    """Bring a folder of images into a project: images become assets and frames, a folder an animation.

    PATH/Fox/walk/walk_012.png is the twelfth frame of Fox's animation walk. Files are copied below --root.
    Run again, it adds what is new: a file is known by its hash. What is no image is named and skipped.
    """
    from renderstore import folders
    from renderstore.identity import users

    if not folders.can_look():
        raise click.ClickException(
            "This looks at images with Pillow: pip install 'renderstore[images]'."
        )
    with place.store(place.answering(), size=2) as store:
        with store.admin(reason="renderstore import-folder") as conn:
            owner = users.find_by_email(conn, email=email)
        if owner is None:
            raise click.ClickException(f"There is no user with the address {email}.")
        done = folders.import_folder(
            store.user(owner.id), path, title=title, root=root, dry=dry, tell=say
        )
    say(
        f"{done.files} images, {done.assets} new; {done.frames} frames in"
        f" {done.animations} new animations; {len(done.skipped)} skipped."
        + (" Nothing was changed." if dry else "")
    )
