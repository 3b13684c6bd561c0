"""`renderstore` as the tests start it, in a process of its own."""

from __future__ import annotations

import sys

# A shell that runs the suite in the background has it, and all that it starts, ignore Ctrl-C.
_MAIN = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    " from renderstore.cli import main; main()"
)
RENDERSTORE = (sys.executable, "-c", _MAIN)
