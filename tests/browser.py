"""Chromium without a window, driven through its own pipe: no driver of its version, no port, no package."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)
needs_chromium = pytest.mark.skipif(
    PROGRAM is None, reason="no Chromium is installed (apt-get install chromium)"
)


class Failed(Exception):  # noqa: N818
    """The page's script failed; the text is what it said."""


@dataclass(slots=True)
class Page:
    """One tab, and all that it asked for."""

    write: int
    read: Any
    session: str = ""
    requests: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])
    """What its console would show in red: an error of a script, a file that the page's own policy refused."""
    _last: int = 0
    _loaded: int = 0

    def call(self, method: str, **parameters: Any) -> Any:
        self._last += 1
        said = {"id": self._last, "method": method, "params": parameters}
        if self.session:
            said["sessionId"] = self.session
        os.write(self.write, json.dumps(said).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == self._last:
                if "error" in heard:
                    raise Failed(heard["error"]["message"])
                return heard["result"]

    def _hear(self) -> dict[str, Any]:
        piece = bytearray()
        while (byte := self.read.read(1)) != b"\0":
            if not byte:
                raise EOFError("Chromium ended.")
            piece += byte
        heard: dict[str, Any] = json.loads(piece)
        told = heard.get("params", {})
        match heard.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])
            case "Runtime.exceptionThrown":
                self.problems.append(told["exceptionDetails"]["text"])
            case "Log.entryAdded" if told["entry"]["level"] == "error":
                self.problems.append(told["entry"]["text"])
            case "Page.loadEventFired":
                self._loaded += 1
            case _:
                pass
        return heard

    def open(self, url: str) -> None:
        """Go there, as if it were typed into the address bar."""
        before = self._loaded
        self.call("Page.navigate", url=url)
        while self._loaded == before:
            self._hear()

    def run(self, script: str) -> Any:
        """What an expression of the page's own JavaScript is; a promise is awaited."""
        said = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in said:
            told = said["exceptionDetails"]
            raise Failed(told.get("exception", {}).get("description", told["text"]))
        return said["result"].get("value")

    def until(self, condition: str) -> Any:
        """Wait until the condition holds, on whatever page is there by then; what it is then."""
        while True:
            # A page that is left takes its question along; one that is not ready has no such element.
            with contextlib.suppress(Failed):
                if found := self.run(
                    "(async () => { await new Promise(go => setTimeout(go, 20));"
                    f" const found = ({condition});"
                    " return found instanceof Node ? true : found; })()"
                ):
                    return found

    def picture(self, path: Path) -> None:
        """What somebody would see."""
        said = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(said["data"]))


@contextmanager
def browsing(folder: Path) -> Generator[Page]:
    """A fresh Chromium with one empty tab."""
    assert PROGRAM is not None
    with contextlib.ExitStack() as stack:
        ours, theirs = os.pipe(), os.pipe()
        read = stack.enter_context(os.fdopen(theirs[0], "rb"))

        def connect() -> None:
            # It reads from 3 and writes to 4; either end may lie on one of these already.
            low, high = os.dup(ours[0]), os.dup(theirs[1])
            low, high = os.dup(low), os.dup(high)
            os.dup2(low, 3)
            os.dup2(high, 4)

        process = subprocess.Popen(
            [
                *(PROGRAM, "--headless", "--no-sandbox", "--disable-gpu"),
                *("--disable-background-networking", "--no-first-run"),
                "--disable-dev-shm-usage",
                *("--remote-debugging-pipe", f"--user-data-dir={folder}"),
                *("--window-size=1280,800", "about:blank"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=connect,
        )
        os.close(ours[0])
        os.close(theirs[1])
        # It ends when this end of the pipe does.
        stack.callback(process.wait)
        stack.callback(os.close, ours[1])
        page = Page(ours[1], read)
        (tab,) = [
            each
            for each in page.call("Target.getTargets")["targetInfos"]
            if each["type"] == "page"
        ]
        page.session = page.call(
            "Target.attachToTarget", targetId=tab["targetId"], flatten=True
        )["sessionId"]
        for each in ("Page", "Network", "Runtime", "Log"):
            page.call(f"{each}.enable")
        yield page
