"""Reads a pg_node_tree, PostgreSQL's own text for an analysed query."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = "str | Node | list[Value] | None"

_TOKEN = re.compile(r'[{}()]|"(?:\\.|[^"\\])*"|(?:\\.|[^\s(){}\\])+')


@dataclass(frozen=True, slots=True)
class Node:
    """One node. A field that is missing is a KeyError: the tree is not as we know it."""

    kind: str
    fields: dict[str, Value]

    def text(self, field: str) -> str:
        """A plain value."""
        value = self.fields[field]
        return value if isinstance(value, str) else ""

    def number(self, field: str) -> int:
        """A plain value that is a number."""
        return int(self.text(field))

    def flag(self, field: str) -> bool:
        """A plain value that is a boolean."""
        return self.text(field) == "true"

    def node(self, field: str) -> "Node | None":
        """The node below, or None."""
        value = self.fields[field]
        return value if isinstance(value, Node) else None

    def nodes(self, field: str) -> "list[Node]":
        """The list of nodes below, empty where there is none."""
        return [each for each in self._list(field) if isinstance(each, Node)]

    def rows(self, field: str) -> "list[list[Node]]":
        """The list of lists of nodes below."""
        return [
            [each for each in row if isinstance(each, Node)]
            for row in self._list(field)
            if isinstance(row, list)
        ]

    def numbers(self, field: str) -> list[int]:
        """A set or a list of numbers, which begins with a letter."""
        return [int(each) for each in self._list(field)[1:] if isinstance(each, str)]

    def has(self, field: str) -> bool:
        """Whether a field holds anything."""
        return bool(self.fields[field])

    def walk(self) -> "Iterator[Node]":
        """This node and all below."""
        yield self
        for value in self.fields.values():
            yield from _walk(value)

    def _list(self, field: str) -> list[Value]:
        value = self.fields[field]
        return value if isinstance(value, list) else []


def _walk(value: Value) -> Iterator[Node]:
    if isinstance(value, Node):
        yield from value.walk()
    elif isinstance(value, list):
        for each in value:
            yield from _walk(each)


def parse(text: str) -> list[Node]:
    """The queries in a tree's text."""
    value = _parse(iter(_TOKEN.findall(text)))
    nodes: list[Node] = []
    while isinstance(value, list):
        nodes = [each for each in value if isinstance(each, Node)]
        if nodes or not value:
            break
        value = value[0]
    return nodes


def _parse(tokens: Iterator[str]) -> Value:
    return _value(next(tokens), tokens)


def _value(token: str, tokens: Iterator[str]) -> Value:
    if token == "(":
        return [_value(each, tokens) for each in iter(lambda: next(tokens), ")")]
    if token == "{":
        return _node(tokens)
    return None if token == "<>" else token


def _node(tokens: Iterator[str]) -> Node:
    node = Node(next(tokens), {})
    field = ""
    for token in iter(lambda: next(tokens), "}"):
        if token.startswith(":"):
            field = token[1:]
            node.fields[field] = None
        elif node.fields[field] is None:
            node.fields[field] = _value(token, tokens)
        # What follows a value is a constant's bytes, of which nobody asks.
    return node
