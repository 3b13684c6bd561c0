"""Decides from an analysed query what may be null.

PostgreSQL names for every column the outer joins that may null it, so nothing is
guessed. Where this module does not know a kind of expression, it answers "may be null".
"""

from typing import TypeAlias

from renderstore._dev.typegen._catalog import Catalog
from renderstore._dev.typegen._tree import Node

# A query and the queries around it, the innermost first.
Scopes: TypeAlias = tuple[Node, ...]
# The columns of recursive queries on the way to which we already are.
Seen: TypeAlias = frozenset[tuple[int, int]]
# An expression that a column stands for, and where it stands.
Origin: TypeAlias = tuple[Node | None, Scopes, Seen]

SELECT, UPDATE, INSERT, DELETE, MERGE = "1", "2", "3", "4", "5"
RETURNS_OLD, RETURNS_NEW = "1", "2"
EXISTS, SCALAR, ARRAY = "0", "4", "6"
UNMATCHED_BY_SOURCE = "1"
CURRENT_SCHEMA = "14"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Built-in functions that give null for a null argument alone.
PLAIN = _words(
    """
    now clock_timestamp statement_timestamp transaction_timestamp timezone
    date_trunc make_interval make_date make_timestamptz to_timestamp justify_days
    justify_hours gen_random_uuid uuidv4 uuidv7 random lower upper initcap length
    char_length character_length octet_length bit_length btrim ltrim rtrim lpad
    rpad left right reverse repeat replace translate starts_with split_part concat
    concat_ws format encode decode md5 sha224 sha256 sha384 sha512 round abs ceil
    ceiling floor trunc sign mod power sqrt cardinality array_append array_prepend
    array_cat to_json to_jsonb jsonb_build_object jsonb_build_array
    json_build_object json_build_array jsonb_typeof jsonb_array_length
    jsonb_strip_nulls jsonb_set hashtext isfinite num_nulls num_nonnulls
    """
)
# Aggregates and window functions that never give null.
COUNTS = _words("count row_number rank dense_rank percent_rank cume_dist")
# Aggregates that give null for a group only where all they took was null …
FOLDS = _words("min max sum avg bool_and bool_or every string_agg")
# … and those that never do for a group that has a row.
GATHERS = _words("array_agg jsonb_agg json_agg jsonb_object_agg")
# Functions in FROM whose rows hold no null.
FULL_SETS = _words(
    """
    generate_series jsonb_array_elements jsonb_object_keys jsonb_each
    regexp_split_to_table
    """
)


def bare(node: Node) -> Node:
    """The expression under casts."""
    while True:
        if node.kind in (
            "RELABELTYPE",
            "COERCEVIAIO",
            "COERCETODOMAIN",
            "ARRAYCOERCEEXPR",
        ):
            below = node.node("arg")
        elif node.kind == "FUNCEXPR" and node.text("funcformat") in ("1", "2"):
            below = next(iter(node.nodes("args")), None)
        else:
            return node
        if below is None:
            return node
        node = below


def parameter(node: Node) -> int | None:
    """The number of the parameter that an expression is, under casts."""
    node = bare(node)
    if node.kind == "PARAM" and node.text("paramkind") == "0":
        return node.number("paramid")
    return None


def targets(query: Node) -> list[Node]:
    """What a query gives."""
    returns = "targetList" if query.text("commandType") == SELECT else "returningList"
    return [each for each in query.nodes(returns) if not each.flag("resjunk")]


def gives_one_row(query: Node) -> bool:
    """Whether a select gives exactly one row, whatever the tables hold."""
    if query.text("commandType") != SELECT or any(
        query.has(each)
        for each in ("setOperations", "havingQual", "limitCount", "limitOffset")
    ):
        return False
    if query.flag("hasTargetSRFs") or query.has("groupClause"):
        return False
    if query.has("groupingSets"):
        return False
    tables = query.node("jointree")
    return query.flag("hasAggs") or (
        tables is not None and not tables.has("fromlist") and not tables.has("quals")
    )


class Nulls:
    """What may be null in one analysed query."""

    def __init__(
        self, query: Node, catalog: Catalog, declared: dict[int, bool]
    ) -> None:
        """Take the query and what its comment declares of parameters, by number."""
        self._query = query
        self._catalog = catalog
        self.assigned: set[int] = set()
        self.parameters: set[int] = set()
        self._read_parameters()
        for number, null in declared.items():
            (self.parameters.add if null else self.parameters.discard)(number)

    def columns(self) -> list[bool]:
        """For each column of the result whether it may be null."""
        return [any(self._null(*each) for each in column) for column in self._result()]

    def holes(self) -> list[bool]:
        """For each column of the result whether it is an array that may hold nulls."""
        return [any(self._holes(*each) for each in column) for column in self._result()]

    def _result(self) -> list[list[Origin]]:
        query = self._query
        return [
            self._origins(query, index, (), frozenset())
            for index in range(len(targets(query)))
        ]

    # Parameters: what the query does with a null.

    def _read_parameters(self) -> None:
        taken: set[int] = set()
        refused: set[int] = set()
        for node in self._query.walk():
            match node.kind:
                case "NULLTEST":
                    self._note(node.node("arg"), taken)
                case "DISTINCTEXPR":
                    for each in node.nodes("args"):
                        self._note(each, taken)
                case "COALESCEEXPR":
                    # The last one is the answer where all others are null.
                    for each in node.nodes("args")[:-1]:
                        self._note(each, taken)
                case "QUERY" if node.number("resultRelation"):
                    self._read_assignments(node, refused)
                case _:
                    pass
        self.assigned -= taken
        self.parameters = (taken | self.assigned) - refused

    def _note(self, node: Node | None, numbers: set[int]) -> None:
        number = None if node is None else parameter(node)
        if number is not None:
            numbers.add(number)

    def _read_assignments(self, query: Node, refused: set[int]) -> None:
        lists = [query.nodes("targetList")]
        conflict = query.node("onConflict")
        if conflict is not None:
            lists.append(conflict.nodes("onConflictSet"))
        lists.extend(
            each.nodes("targetList") for each in query.nodes("mergeActionList")
        )
        target = query.nodes("rtable")[query.number("resultRelation") - 1]
        relation = target.number("relid")
        for each in (each for some in lists for each in some):
            expression = each.node("expr")
            if expression is None:
                continue
            null = self._stored(relation, each.number("resno"))
            for source in self._sources(expression, query):
                self._note(source, self.assigned if null else refused)

    def _sources(self, node: Node, query: Node) -> list[Node]:
        """The expressions that an assigned one stands for, down through subqueries."""
        node = bare(node)
        if node.kind != "VAR" or node.number("varlevelsup"):
            return [node]
        entry = query.nodes("rtable")[node.number("varno") - 1]
        index = node.number("varattno") - 1
        match entry.text("rtekind"):
            case "1":
                below = entry.node("subquery")
                if below is None or below.has("setOperations") or index < 0:
                    return []
                expression = targets(below)[index].node("expr")
                return [] if expression is None else self._sources(expression, below)
            case "5":
                return [row[index] for row in entry.rows("values_lists")]
            case _:
                return []

    # Columns: what the query may give.

    def _origins(
        self, query: Node, index: int, outer: Scopes, seen: Seen
    ) -> list[Origin]:
        scopes = (query, *outer)
        if query.has("setOperations"):  # any arm may bring the null
            arms = [each.node("subquery") for each in query.nodes("rtable")]
            return [
                origin
                for arm in arms
                if arm is not None
                for origin in self._origins(arm, index, scopes, seen)
            ]
        found = targets(query)
        if index >= len(found):  # the column of a search or cycle clause
            return [(None, scopes, seen)]
        return [(found[index].node("expr"), scopes, seen)]

    def _output(self, query: Node, index: int, outer: Scopes, seen: Seen) -> bool:
        return any(
            self._null(*each) for each in self._origins(query, index, outer, seen)
        )

    def _any(self, nodes: list[Node], scopes: Scopes, seen: Seen) -> bool:
        return any(self._null(each, scopes, seen) for each in nodes)

    def _null(self, node: Node | None, scopes: Scopes, seen: Seen) -> bool:
        if node is None:
            return True
        match node.kind:
            case "VAR":
                return self._variable(node, scopes, seen)
            case "CONST":
                return node.flag("constisnull")
            case "PARAM":
                number = parameter(node)
                return number is None or number in self.parameters
            case "COALESCEEXPR" | "MINMAXEXPR":
                return all(
                    self._null(each, scopes, seen) for each in node.nodes("args")
                )
            case "CASEEXPR":
                results = [each.node("result") for each in node.nodes("args")]
                return any(
                    self._null(each, scopes, seen)
                    for each in [*results, node.node("defresult")]
                )
            case "SQLVALUEFUNCTION":
                return node.text("op") == CURRENT_SCHEMA
            case (
                "NULLTEST"
                | "BOOLEANTEST"
                | "DISTINCTEXPR"
                | "ARRAYEXPR"
                | "ROWEXPR"
                | "GROUPINGFUNC"
                | "MERGESUPPORTFUNC"
            ):
                return False
            case "SUBLINK":
                return self._sublink(node, scopes, seen)
            case "AGGREF":
                return self._aggregate(node, scopes, seen)
            case "WINDOWFUNC":
                return not self._named(node.number("winfnoid"), COUNTS)
            case (
                "RELABELTYPE"
                | "COERCEVIAIO"
                | "COERCETODOMAIN"
                | "ARRAYCOERCEEXPR"
                | "COLLATEEXPR"
            ):
                return self._null(node.node("arg"), scopes, seen)
            case "OPEXPR" if node.number("opno") in self._catalog.plain_operators:
                return self._any(node.nodes("args"), scopes, seen)
            case "BOOLEXPR":
                return self._any(node.nodes("args"), scopes, seen)
            case "SCALARARRAYOPEXPR":
                return (
                    node.number("opno") not in self._catalog.plain_operators
                    or self._any(node.nodes("args"), scopes, seen)
                    or not self._is_full(node.nodes("args")[1], scopes, seen)
                )
            case "FUNCEXPR" if not node.flag("funcretset") and self._plain(node):
                return self._any(node.nodes("args"), scopes, seen)
            case _:
                return True

    def _named(self, function: int, names: frozenset[str]) -> bool:
        found = self._catalog.functions[function]
        return found.builtin and found.name in names

    def _plain(self, node: Node) -> bool:
        """Whether a function gives null for null arguments alone."""
        function = self._catalog.functions[node.number("funcid")]
        if node.text("funcformat") in ("1", "2"):
            # From 18 on, JSON's null becomes NULL when it is cast.
            return function.builtin and not function.takes_json
        return self._named(node.number("funcid"), PLAIN)

    def _holes(self, node: Node | None, scopes: Scopes, seen: Seen) -> bool:
        """Whether an array that the query itself gathers may hold nulls.

        A parameter's does not, by its type; nor is one stored, for all that we know.
        """
        node = None if node is None else bare(node)
        match None if node is None else node.kind:
            case "ARRAYEXPR" if node:
                return self._any(node.nodes("elements"), scopes, seen)
            case "AGGREF" if node and self._named(node.number("aggfnoid"), GATHERS):
                return any(
                    self._null(each.node("expr"), scopes, seen)
                    for each in node.nodes("args")
                )
            case "SUBLINK" if node and node.text("subLinkType") == ARRAY:
                query = node.node("subselect")
                return query is None or self._output(query, 0, scopes, seen)
            case "COALESCEEXPR" if node:
                return any(self._holes(e, scopes, seen) for e in node.nodes("args"))
            case "VAR" if node:
                scopes = scopes[node.number("varlevelsup") :]
                entry = scopes[0].nodes("rtable")[node.number("varno") - 1]
                found = self._column(entry, node.number("varattno"), scopes, seen)
                return not isinstance(found, bool) and any(
                    self._holes(*each) for each in found
                )
            case _:
                return False

    def _is_full(self, node: Node, scopes: Scopes, seen: Seen) -> bool:
        """Whether an array surely holds no null."""
        node = bare(node)
        if node.kind == "ARRAYEXPR":
            return not self._any(node.nodes("elements"), scopes, seen)
        return node.kind == "PARAM"

    def _sublink(self, node: Node, scopes: Scopes, seen: Seen) -> bool:
        query = node.node("subselect")
        if node.text("subLinkType") == SCALAR and query is not None:
            return not gives_one_row(query) or self._output(query, 0, scopes, seen)
        return node.text("subLinkType") not in (EXISTS, ARRAY)

    def _aggregate(self, node: Node, scopes: Scopes, seen: Seen) -> bool:
        function = node.number("aggfnoid")
        if self._named(function, COUNTS):
            return False
        query = scopes[0]
        if (
            not query.has("groupClause")
            or query.has("groupingSets")
            or node.has("aggfilter")
            or node.number("agglevelsup")
        ):
            return True
        if self._named(function, GATHERS):
            return False
        first = next((each.node("expr") for each in node.nodes("args")), None)
        return not self._named(function, FOLDS) or self._null(first, scopes, seen)

    def _variable(self, node: Node, scopes: Scopes, seen: Seen) -> bool:
        scopes = scopes[node.number("varlevelsup") :]
        query = scopes[0]
        if node.numbers("varnullingrels") or query.has("groupingSets"):
            return True
        number = node.number("varno")
        command, returning = query.text("commandType"), node.text("varreturningtype")
        if (returning == RETURNS_OLD and command not in (UPDATE, DELETE)) or (
            returning == RETURNS_NEW and command not in (UPDATE, INSERT)
        ):
            return True
        if (
            command == MERGE
            and number != query.number("resultRelation")
            and any(
                each.text("matchKind") == UNMATCHED_BY_SOURCE
                for each in query.nodes("mergeActionList")
            )
        ):
            return True
        entry = query.nodes("rtable")[number - 1]
        if (
            number == query.number("resultRelation")
            and entry.number("relid") in self._catalog.views_with_triggers
        ):
            return True
        found = self._column(entry, node.number("varattno"), scopes, seen)
        return found if isinstance(found, bool) else any(self._null(*o) for o in found)

    def _column(
        self, entry: Node, number: int, scopes: Scopes, seen: Seen
    ) -> bool | list[Origin]:
        """Whether a column may be null, or the expressions that it stands for."""
        index = number - 1
        match entry.text("rtekind"):
            case "0":
                relation = entry.number("relid")
                view = self._catalog.view(relation)
                if view is None or number < 1:
                    return self._stored(relation, number)
                return self._origins(view, index, (), frozenset())
            case _ if index < 0:  # a whole row
                return True
            case "1":
                query = entry.node("subquery")
                return query is None or self._origins(query, index, scopes, seen)
            case "2":
                return [(entry.nodes("joinaliasvars")[index], scopes, seen)]
            case "3":
                return self._set(entry, index, scopes, seen)
            case "5":
                return [(r[index], scopes, seen) for r in entry.rows("values_lists")]
            case "6":
                return self._cte(entry, index, scopes, seen)
            case "9":
                return [(entry.nodes("groupexprs")[index], scopes, seen)]
            case _:
                return True

    def _stored(self, relation: int, number: int) -> bool:
        """A column of a table, or of a view through the view's own query."""
        view = self._catalog.view(relation)
        if view is not None:
            return number < 1 or self._output(view, number - 1, (), frozenset())
        return number > 0 and (relation, number) not in self._catalog.not_null

    def _set(self, entry: Node, index: int, scopes: Scopes, seen: Seen) -> bool:
        functions = entry.nodes("functions")
        width = sum(each.number("funccolcount") for each in functions)
        if entry.flag("funcordinality") and index == width:
            return False
        call = functions[0].node("funcexpr")
        # Several functions side by side: the shorter ones are filled up with nulls.
        if len(functions) > 1 or call is None or call.kind != "FUNCEXPR":
            return True
        function = call.number("funcid")
        if self._named(function, FULL_SETS):
            return False
        return not self._named(function, frozenset({"unnest"})) or any(
            not self._is_full(each, scopes, seen) for each in call.nodes("args")
        )

    def _cte(
        self, entry: Node, index: int, scopes: Scopes, seen: Seen
    ) -> bool | list[Origin]:
        scopes = scopes[entry.number("ctelevelsup") :]
        name = entry.text("ctename")
        cte = next(e for e in scopes[0].nodes("cteList") if e.text("ctename") == name)
        query = cte.node("ctequery")
        if query is None:
            return True
        # A recursive column is null where one of its other sources is.
        here = (id(query), index)
        if here in seen:
            return False
        return self._origins(query, index, scopes, seen | {here})
