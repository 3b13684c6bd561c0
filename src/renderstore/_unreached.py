"""Why no server was reached, in the words that differ: libpq repeats the address and asks whether it runs."""

from __future__ import annotations

import re

import psycopg

_ADDRESS = re.compile(r"^(connection failed: )?(connection to server .*? failed: )?")


def why(error: psycopg.Error) -> str:
    """The reason alone, on one line."""
    said = (str(error).splitlines() or [""])[0]
    return (
        " ".join(_ADDRESS.sub("", said, count=1).split()) or "the connection was lost"
    )


def sentence(error: psycopg.Error) -> str:
    """The reason with the address, for whoever does not know it."""
    said = " ".join((str(error).splitlines() or [""])[0].split())
    said = said.removeprefix("connection failed: ")
    return said[:1].upper() + said[1:] or "The connection was lost."
