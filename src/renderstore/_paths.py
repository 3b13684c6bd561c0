"""Where the SQL lies: inside the wheel, or beside the package in a checkout."""

from pathlib import Path

_PACKAGED = Path(__file__).parent / "sql"

SQL = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).parents[2] / "sql"
MIGRATIONS = SQL / "migrations"
QUERIES = SQL / "queries"
SEEDS = SQL / "seeds"
INSPECT = SQL / "inspect"
SNAPSHOT = SQL / "schema.sql"
CATALOG = SQL / "catalog.json"
CATALOG_QUERIES = SQL / "catalog"
