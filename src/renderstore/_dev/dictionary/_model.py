"""The catalog as the dictionary speaks of it: by area, each thing with what belongs to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from renderstore.errors import Error
from renderstore.schema._catalog import AREAS, Catalog, Facts

# pg_dump writes these in the order of the columns; the catalog, which compares, has no order.
_COLUMN = re.compile(r"^COMMENT ON COLUMN (\S+) IS", re.MULTILINE)
_FOREIGN_KEY = re.compile(
    r"FOREIGN KEY \((?P<columns>.*?)\) REFERENCES (?P<parent>[\w.]+)"
    r"\((?P<parent_columns>.*?)\)(?P<rest>.*)"
)
_KEY = re.compile(r"(?:PRIMARY KEY|UNIQUE)[^(]*\((?P<columns>[^)]*)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something with a name of its own inside of what it belongs to."""

    name: str
    facts: Facts

    @property
    def comment(self) -> str:
        """Its sentence; empty without one."""
        return self.facts.get("comment") or ""

    @property
    def definition(self) -> str:
        """What PostgreSQL says that it is."""
        return self.facts.get("definition") or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """A constraint that names another table."""

    name: str
    comment: str
    columns: tuple[str, ...]
    parent: str
    """With its area: `work.jobs`."""
    parent_columns: tuple[str, ...]
    rest: str
    """What happens when the parent goes: ` ON DELETE CASCADE`."""


@dataclass(slots=True, kw_only=True)
class Relation:
    """A table or a view."""

    area: str
    name: str
    kind: str
    facts: Facts
    columns: list[Thing] = field(default_factory=list["Thing"])
    constraints: list[Thing] = field(default_factory=list["Thing"])
    indexes: list[Thing] = field(default_factory=list["Thing"])
    policies: list[Thing] = field(default_factory=list["Thing"])
    triggers: list[Thing] = field(default_factory=list["Thing"])

    @property
    def full_name(self) -> str:
        """As SQL says it: `work.jobs`."""
        return f"{self.area}.{self.name}"

    @property
    def comment(self) -> str:
        """What it holds."""
        return self.facts.get("comment") or ""

    @property
    def primary_key(self) -> tuple[str, ...]:
        """Its columns; empty without one."""
        keys = [
            columns
            for each, columns in self.unique_keys
            if each.definition.startswith("PRIMARY")
        ]
        return keys[0] if keys else ()

    @property
    def unique_keys(self) -> list[tuple[Thing, tuple[str, ...]]]:
        """The primary key and the unique ones, the primary key first."""
        found = [
            (each, _listed(match["columns"]))
            for each in self.constraints
            if (match := _KEY.match(each.definition))
        ]
        return sorted(found, key=lambda pair: pair[0].definition.startswith("UNIQUE"))

    @property
    def foreign_keys(self) -> list[ForeignKey]:
        """The other tables that its rows need."""
        return [
            ForeignKey(
                name=each.name,
                comment=each.comment,
                columns=_listed(match["columns"]),
                parent=match["parent"],
                parent_columns=_listed(match["parent_columns"]),
                rest=match["rest"].strip(),
            )
            for each in self.constraints
            if (match := _FOREIGN_KEY.match(each.definition))
        ]

    @property
    def rules(self) -> list[Thing]:
        """The constraints that are no keys."""
        keys = {each.name for each, _ in self.unique_keys}
        keys |= {each.name for each in self.foreign_keys}
        return [each for each in self.constraints if each.name not in keys]


@dataclass(slots=True, kw_only=True)
class Area:
    """A schema and what is in it."""

    name: str
    facts: Facts
    relations: list[Relation] = field(default_factory=list["Relation"])
    types: list[Thing] = field(default_factory=list["Thing"])
    functions: list[Thing] = field(default_factory=list["Thing"])
    """Each by its name with the types of its arguments: `claim(integer)`."""

    @property
    def comment(self) -> str:
        """What it is about."""
        return self.facts.get("comment") or ""

    @property
    def tables(self) -> list[Relation]:
        """Without the views."""
        return [each for each in self.relations if each.kind == "table"]

    @property
    def views(self) -> list[Relation]:
        """Without the tables."""
        return [each for each in self.relations if each.kind == "view"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """All of it, and where each name leads."""

    areas: Sequence[Area]
    roles: Sequence[Thing]
    rules_of_types: Mapping[str, Sequence[Thing]]
    """The checks of a domain, by its full name."""

    @property
    def relations(self) -> Iterator[Relation]:
        """Every table and view."""
        return (each for area in self.areas for each in area.relations)

    def children(self, table: Relation) -> list[tuple[Relation, ForeignKey]]:
        """Who needs a row of this table."""
        return [
            (each, key)
            for each in self.relations
            for key in each.foreign_keys
            if key.parent == table.full_name
        ]


def read(catalog: Catalog, structure: str) -> Model:
    """The model of a catalog; the order of columns is the structure's."""
    names = sorted(
        catalog["schema"],
        key=lambda name: (AREAS.index(name) if name in AREAS else len(AREAS), name),
    )
    areas = {name: Area(name=name, facts=catalog["schema"][name]) for name in names}
    relations: dict[str, Relation] = {}
    for kind in ("table", "view"):
        for full_name, facts in sorted(catalog.get(kind, {}).items()):
            area, _, name = full_name.partition(".")
            relation = Relation(area=area, name=name, kind=kind, facts=facts)
            relations[full_name] = relation
            areas[area].relations.append(relation)
    for area, kind, full_name, facts in _in_areas(catalog):
        thing = Thing(name=full_name.partition(".")[2], facts=facts)
        (areas[area].types if kind == "type" else areas[area].functions).append(thing)
    rules_of_types: dict[str, list[Thing]] = {}
    for kind, full_name, facts in _in_order(catalog, structure):
        holder_kind, _, holder = facts["belongs_to"].partition(" ")
        own = Thing(name=full_name.removeprefix(f"{holder}."), facts=facts)
        if holder_kind == "type":
            rules_of_types.setdefault(holder, []).append(own)
        elif holder_kind == "constraint":  # the constraint says all of its index
            continue
        elif kind == "index":
            own = Thing(name=full_name.partition(".")[2], facts=facts)
            relations[holder].indexes.append(own)
        else:
            _list_of(relations[holder], kind).append(own)
    roles = [
        Thing(name=name, facts=facts) for name, facts in sorted(catalog["role"].items())
    ]
    return Model(areas=list(areas.values()), roles=roles, rules_of_types=rules_of_types)


def _in_areas(catalog: Catalog) -> Iterator[tuple[str, str, str, Facts]]:
    for kind in ("type", "function"):
        for full_name, facts in sorted(catalog.get(kind, {}).items()):
            yield full_name.partition(".")[0], kind, full_name, facts


def _in_order(catalog: Catalog, structure: str) -> Iterator[tuple[str, str, Facts]]:
    columns = catalog["column"]
    ordered = [name for name in _COLUMN.findall(structure) if name in columns]
    if lost := sorted(columns.keys() - set(ordered)):
        raise Error(
            f"sql/schema.sql does not say where the column {lost[0]} stands;"
            " it and sql/catalog.json are written together, by `just snapshot`."
        )
    for name in ordered:
        yield "column", name, columns[name]
    for kind in ("constraint", "index", "policy", "trigger"):
        for name, facts in sorted(catalog.get(kind, {}).items()):
            yield kind, name, facts


def _list_of(relation: Relation, kind: str) -> list[Thing]:
    return {
        "column": relation.columns,
        "constraint": relation.constraints,
        "policy": relation.policies,
        "trigger": relation.triggers,
    }[kind]


def _listed(columns: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in columns.split(","))
