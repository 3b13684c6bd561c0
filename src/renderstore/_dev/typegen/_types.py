"""The Python type of each PostgreSQL type."""

from dataclasses import dataclass, replace

from renderstore._dev.typegen._catalog import Catalog

# The name in Python and the module that it comes from.
_SCALARS = {
    "bool": ("bool", ""),
    "bytea": ("bytes", ""),
    "date": ("date", "datetime"),
    "float4": ("float", ""),
    "float8": ("float", ""),
    "inet": ("Inet", "renderstore._rows"),
    "int2": ("int", ""),
    "int4": ("int", ""),
    "int8": ("int", ""),
    "interval": ("timedelta", "datetime"),
    "json": ("Json", "renderstore._rows"),
    "jsonb": ("Json", "renderstore._rows"),
    "name": ("str", ""),
    "numeric": ("Decimal", "decimal"),
    "oid": ("int", ""),
    "text": ("str", ""),
    "time": ("time", "datetime"),
    "timestamp": ("datetime", "datetime"),
    "timestamptz": ("datetime", "datetime"),
    "uuid": ("UUID", "uuid"),
    "varchar": ("str", ""),
}
_RANGES = {
    "daterange": ("date", "datetime"),
    "int4range": ("int", ""),
    "int8range": ("int", ""),
    "numrange": ("Decimal", "decimal"),
    "tstzrange": ("datetime", "datetime"),
}

# Names that generated modules use, which a column or a query may therefore not have.
TAKEN = frozenset(
    name for name, module in (*_SCALARS.values(), ("Range", "x")) if module
)


@dataclass(frozen=True, slots=True)
class PythonType:
    """How a type is written and what must be imported for that."""

    written: str
    imports: frozenset[tuple[str, str]]
    wrap: str = ""  # what a parameter is wrapped in, "" for nothing
    element: str = ""  # what a list holds, "" for what is no list
    stored: str = ""  # how PostgreSQL writes the type

    @property
    def with_holes(self) -> "PythonType":
        """The same list, which may hold None."""
        return replace(self, written=f"list[{self.element} | None]")


def camel(name: str) -> str:
    """A class's name: user_role becomes UserRole."""
    return "".join(part.capitalize() for part in name.split("_"))


def python_type(catalog: Catalog, oid: int) -> PythonType | None:
    """The Python type of a PostgreSQL type, or None where there is none of use."""
    found = catalog.types[oid]
    if found.base:
        return python_type(catalog, found.base)
    if found.element:
        element = python_type(catalog, found.element)
        return element and PythonType(
            f"list[{element.written}]",
            element.imports,
            element.wrap,
            element.written,
            f"{element.stored}[]",
        )
    if oid in catalog.enums:
        return PythonType(
            camel(found.name),
            frozenset({(f"renderstore.{found.schema}.enums", camel(found.name))}),
            stored=f"{found.schema}.{found.name}",
        )
    if found.schema != "pg_catalog":
        return None
    if found.name in _SCALARS:
        name, module = _SCALARS[found.name]
        wrap = {"json": "Json", "jsonb": "Jsonb"}.get(found.name, "")
        return PythonType(name, _imports((module, name)), wrap, stored=found.name)
    if found.name in _RANGES:
        name, module = _RANGES[found.name]
        return PythonType(
            f"Range[{name}]",
            _imports((module, name), ("psycopg.types.range", "Range")),
            stored=found.name,
        )
    return None


def _imports(*found: tuple[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(each for each in found if each[0])
