"""The database in use, measured without leaving anything in it: `renderstore bench self`.

just bench self [--json]
"""

from __future__ import annotations

import sys

from renderstore.cli import main

if __name__ == "__main__":
    sys.argv = ["renderstore", "bench", "self", *sys.argv[1:]]
    main()
