"""examples/downloads: a worker around yt-dlp, on a playlist page and files that this test serves."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast
from xml.sax.saxutils import escape

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests import factories

from renderstore.media import download_files, downloads
from renderstore.store import SyncStore
from renderstore.testing import Database

from .support import EXAMPLES

ITEM = """<item><title>{title}</title><guid>{name}</guid>
<link>{url}/{name}.mp4</link>
<enclosure url="{url}/{name}.mp4" type="video/mp4"/></item>"""
RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>Foxes</title>
{items}</channel></rss>"""


class Site(ThreadingHTTPServer):
    """A playlist and its files; those that are broken answer 503."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("localhost", 0), Page)
        self.names = [f"fox-{number}" for number in range(1, 5)]
        self.broken = {"fox-3"}
        self.asked: list[str] = []
        certificate = folder / "certificate.pem"
        certificate.write_bytes(self_signed())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"https://localhost:{self.server_port}"


class Page(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        site, name = cast(Site, self.server), self.path.strip("/").partition(".")[0]
        content = f"the film of {name}".encode() * 100
        if name == "list":
            items = [
                ITEM.format(title=escape(f"<{each}>"), name=each, url=site.url)
                for each in site.names
            ]
            content = RSS.format(items="".join(items)).encode()
        else:
            site.asked.append(name)
        self.send_response(503 if name in site.broken else 200)
        self.send_header(
            "Content-Type", "application/rss+xml" if name == "list" else "video/mp4"
        )
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def self_signed() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + made.public_bytes(serialization.Encoding.PEM)


@contextmanager
def served(folder: Path) -> Generator[Site]:
    site = Site(folder)
    thread = threading.Thread(target=site.serve_forever)
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        thread.join()
        site.server_close()


def run(database: Database, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / "downloads" / "downloads.py", *arguments],
        env={
            **os.environ,
            "DATABASE_URL": database.url,
            "YTDLP_OPTIONS": "--no-check-certificates --extractor-retries 0 --retries 0",
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def site(tmp_path: Path) -> Generator[Site]:
    with served(tmp_path) as made:
        yield made


def test_one_file_of_four_breaks_and_a_retry_fetches_it(
    database: Database, store: SyncStore, tmp_path: Path, site: Site
) -> None:
    root = tmp_path / "media"
    mine = store.user(factories.users.make(database))
    made = mine.run(downloads.submit, playlist_url=f"{site.url}/list.xml")
    done = run(database, "mac-1", str(root), "--until-empty")
    assert done.returncode == 0, done.stderr
    found = mine.run(downloads.get, id=made.id)
    assert (str(found.status), found.kept_files, found.failed_files) == (
        "partly",
        3,
        1,
    )
    assert found.playlist_title == "Foxes"
    [third] = mine.run(
        download_files.list_by_download, job_id=made.id, after_position=2, page_size=1
    )
    assert (third.title, third.error_class) == ("<fox-3>", "network")
    site.broken.clear()
    site.asked.clear()
    again = mine.run(downloads.retry_failed, id=made.id)
    assert again.files == 1
    assert run(database, "mac-2", str(root), "--until-empty").returncode == 0
    found = mine.run(downloads.get, id=made.id)
    assert (str(found.status), found.kept_files) == ("completed", 4)
    assert set(site.asked) == {"fox-3"}
    assert isinstance(found.file_paths, list)
    on_disk = {path.relative_to(root).as_posix() for path in root.rglob("*.mp4")}
    assert {str(path) for path in found.file_paths} == on_disk
    assert found.kept_bytes == sum((root / path).stat().st_size for path in on_disk)


def test_a_page_that_is_no_playlist_says_why(
    database: Database, store: SyncStore, tmp_path: Path, site: Site
) -> None:
    site.broken.add("list")
    mine = store.user(factories.users.make(database))
    made = mine.run(
        downloads.submit, playlist_url=f"{site.url}/list.xml", max_failures=1
    )
    assert run(database, "mac-1", str(tmp_path), "--until-empty").returncode == 0
    found = mine.run(downloads.get, id=made.id)
    assert (str(found.status), found.error_class) == ("failed", "network")
    assert "503" in (found.error_message or "")
    assert run(database).returncode == 1
