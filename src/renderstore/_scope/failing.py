"""An error of psycopg's becomes what people should read."""

from typing import NoReturn

from psycopg import Error

from renderstore._scope.connection import Scoped
from renderstore.errors import DEMOTED, Unreachable, translate


def fail(error: Error) -> NoReturn:
    """Raise what people should read, with psycopg's error as its cause."""
    translated = translate(error)
    if translated is error:
        raise error
    raise translated from error


def understood(error: BaseException, conn: Scoped) -> BaseException:
    """What people should read. A connection to what is no primary any more is closed."""
    if conn.is_demoted_by(error):
        conn.pgconn.finish()
        return Unreachable(DEMOTED, sqlstate="25006")
    return translate(error) if isinstance(error, Error) else error
