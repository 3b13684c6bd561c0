"""An error of psycopg's becomes what people should read."""

from typing import NoReturn

from psycopg import Error

from renderstore.errors import translate


def fail(error: Error) -> NoReturn:
    """Raise what people should read, with psycopg's error as its cause."""
    translated = translate(error)
    if translated is error:
        raise error
    raise translated from error
