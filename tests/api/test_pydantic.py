"""What a function gives is what an API made with pydantic, such as FastAPI's, may answer."""

import json
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any, get_type_hints
from uuid import UUID

import pytest
from pydantic import TypeAdapter

from renderstore import Json, render
from renderstore.identity.sign_in import ListPlexTokensRow

from .vocabulary import ASYNC, SYNC, functions, modules, sample


def gives(function: Callable[..., Any]) -> Any:
    return get_type_hints(function)["return"]


def classes(package: str) -> list[type]:
    """Every row class of the package's typed modules."""
    found: set[type] = {
        each
        for function in functions(package).values()
        for each in _inside(gives(function))
        if isinstance(each, type) and is_dataclass(each)
    }
    return sorted(found, key=lambda each: (each.__module__, each.__name__))


def _inside(kind: Any) -> list[Any]:
    inner = [each for part in getattr(kind, "__args__", ()) for each in _inside(part)]
    return [kind, *inner]


ROWS = classes("renderstore")
ALL = {**SYNC, **ASYNC}


def test_both_colours_give_the_same_rows() -> None:
    assert classes("renderstore.aio") == ROWS
    assert {each.__module__ for each in ROWS} <= set(modules("renderstore"))


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_serialized_and_read_again(row: type) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(row)
    assert adapter.json_schema()["properties"].keys() == get_type_hints(row).keys()
    one = sample(row)
    assert adapter.validate_json(adapter.dump_json(one)) == one


def test_what_a_function_gives_is_serialized() -> None:
    for kind in {str(kind): kind for kind in map(gives, ALL.values())}.values():
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        one = sample(kind)
        assert adapter.validate_json(adapter.dump_json(one)) == one, kind


def test_a_page_of_jobs_is_a_response() -> None:
    adapter = TypeAdapter(list[render.jobs.Job])
    job = sample(render.jobs.Job)
    [said] = json.loads(adapter.dump_json([job]))
    assert said["nexrender_config"] == job.nexrender_config
    assert said["status"] == job.status.value


def test_bytes_that_are_no_text_are_written_in_base64() -> None:
    adapter = TypeAdapter(ListPlexTokensRow)
    one = ListPlexTokensRow(id=UUID(int=0), plex_token_encrypted=b"\xff\xfe")
    said = adapter.dump_json(one)
    assert json.loads(said)["plex_token_encrypted"] == "__4="
    assert adapter.validate_json(said) == one


@pytest.mark.parametrize(
    "value", [None, True, 1, 2.5, "text", [], {}, {"a": [{"b": [None, 1, "c"]}]}]
)
def test_json_is_a_type_of_its_own(value: Json) -> None:
    adapter: TypeAdapter[Json] = TypeAdapter(Json)
    assert adapter.validate_json(adapter.dump_json(value)) == value
    assert list(adapter.json_schema()["$defs"]) == ["Json"]
