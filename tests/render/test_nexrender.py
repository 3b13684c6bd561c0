"""render.nexrender_problem, held against nexrender's own validator."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from typing import Any, cast

import psycopg
import pytest

from renderstore.testing import Database

from .configurations import BAD, CLIMBING, GOOD, LONG_NUMBERS, job, mutations, text_of
from .oracle import refusals

SEEDS = range(40) if os.environ.get("RENDERSTORE_PROVE") else range(2)
MUTATIONS = 2500
SENTENCE = re.compile(
    r"(?:The configuration must be|(?:uid|state|template|assets|actions)[\w.\[\]]*: [A-Z])"
    r".+\.",
)


def problems(conn: psycopg.Connection, texts: Sequence[str]) -> list[str | None]:
    """What the database says against each JSON text."""
    rows = conn.execute(
        """
        select render.nexrender_problem(config::jsonb)
        from unnest(%s::text[]) with ordinality as given (config, nth)
        order by nth
        """,
        [list(texts)],
    ).fetchall()
    return [row[0] for row in rows]


def problem(conn: psycopg.Connection, config: Any) -> str | None:
    """What the database says against a configuration."""
    return problems(conn, [text_of(config)])[0]


def leaves_its_folder(text: str) -> bool:
    """The exception that we make on purpose."""
    config: Any = json.loads(text)
    if not isinstance(config, dict):
        return False
    uid: Any = cast("dict[str, Any]", config).get("uid")
    return isinstance(uid, str) and re.search(r"[/\\]|\.\.", uid) is not None


def disagreements(conn: psycopg.Connection, texts: Sequence[str]) -> list[str]:
    """Where the database and nexrender differ, with both their words."""
    return [
        f"{text}\n  nexrender: {theirs or 'accepted'}\n  renderstore: {ours or 'accepted'}"
        for text, ours, theirs in zip(
            texts, problems(conn, texts), refusals(texts), strict=True
        )
        if (ours is None) != (theirs == "" and not leaves_its_folder(text))
    ]


@pytest.mark.parametrize("name", GOOD)
def test_a_good_configuration_is_accepted(conn: psycopg.Connection, name: str) -> None:
    assert problem(conn, GOOD[name]) is None


@pytest.mark.parametrize("name", BAD)
def test_a_sentence_names_the_place(conn: psycopg.Connection, name: str) -> None:
    config, place = BAD[name]
    said = problem(conn, config)
    assert said is not None
    assert said.startswith(place)
    assert SENTENCE.fullmatch(said), said


@pytest.mark.parametrize("uid", CLIMBING)
def test_a_uid_that_leaves_its_folder_is_refused(
    conn: psycopg.Connection, uid: str
) -> None:
    said = problem(conn, CLIMBING[uid])
    assert said is not None
    assert said.startswith("uid: A uid becomes the name of a folder")


@pytest.mark.parametrize("number", LONG_NUMBERS)
def test_a_number_that_some_client_cannot_read_is_refused(
    conn: psycopg.Connection, number: str
) -> None:
    for config in (job(uid=number), job(template={"src": number}), number):
        said = problem(conn, config)
        assert said == "A number in JSON has at most 100 digits."


def test_nexrender_agrees_on_every_case(conn: psycopg.Connection) -> None:
    configs = [*GOOD.values(), *(config for config, _ in BAD.values())]
    texts = [text_of(config) for config in (*configs, *CLIMBING.values())]
    texts += ['{"template": 1, "uid": "", "uid": "a", "template": {"src": 1}}']
    assert disagreements(conn, texts) == []


def test_nexrender_itself_would_climb() -> None:
    texts = [text_of(config) for config in CLIMBING.values()]
    assert refusals(texts) == [""] * len(texts)


@pytest.mark.parametrize("seed", SEEDS)
def test_nexrender_agrees_on_mutations(conn: psycopg.Connection, seed: int) -> None:
    texts = list(mutations(seed, MUTATIONS))
    assert disagreements(conn, texts)[:5] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_mutations_are_of_both_kinds(conn: psycopg.Connection, seed: int) -> None:
    accepted = [
        said is None for said in problems(conn, list(mutations(seed, MUTATIONS)))
    ]
    assert sum(accepted) > MUTATIONS // 5
    assert len(accepted) - sum(accepted) > MUTATIONS // 5


def test_mutations_reach_every_sentence(conn: psycopg.Connection) -> None:
    said = problems(
        conn, [text for seed in range(2) for text in mutations(seed, MUTATIONS)]
    )
    kinds = {re.sub(r"\[\d+\]", "[]", text.partition(": ")[0]) for text in said if text}
    expected = {
        re.sub(r"\[\d+\]", "[]", place.partition(": ")[0]) for _, place in BAD.values()
    }
    assert expected - kinds == set()


def test_every_sentence_of_a_mutation_names_a_place(conn: psycopg.Connection) -> None:
    said = problems(conn, list(mutations(0, MUTATIONS)))
    assert [text for text in said if text and not SENTENCE.fullmatch(text)] == []


def test_no_configuration_is_no_problem(conn: psycopg.Connection) -> None:
    row = conn.execute("select render.nexrender_problem(null)").fetchone()
    assert row == (None,)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (r'{"uid": "\u0000"}', psycopg.errors.UntranslatableCharacter),
        (r'{"uid": "\ud800"}', psycopg.errors.InvalidTextRepresentation),
        ('{"uid": 1e-20000}', psycopg.errors.NumericValueOutOfRange),
        ("[" * 200_000 + "]" * 200_000, psycopg.errors.StatementTooComplex),
    ],
)
def test_what_jsonb_cannot_hold_is_refused_by_postgresql(
    conn: psycopg.Connection, text: str, error: type[psycopg.Error]
) -> None:
    with pytest.raises(error):
        problems(conn, [text])


def test_a_long_configuration_is_read_to_its_end(conn: psycopg.Connection) -> None:
    asset = {"type": "static", "src": "a"}
    config = job(assets=[*[asset] * 5000, {"type": "static"}])
    said = problem(conn, config)
    assert said == "assets[5000].src: An asset of type static needs a src."


@pytest.mark.parametrize("uid", CLIMBING)
def test_a_setting_of_the_caller_opens_no_way_out(asked: Database, uid: str) -> None:
    with psycopg.connect(asked.owner_url) as conn:
        conn.execute("set standard_conforming_strings to off")
        conn.execute("set escape_string_warning to off")
        assert problem(conn, CLIMBING[uid]) is not None


@pytest.mark.parametrize("role", ["app", "worker", "admin", "readonly"])
def test_whoever_sees_a_configuration_may_ask(asked: Database, role: str) -> None:
    with psycopg.connect(asked.url) as conn:
        conn.execute(f"set local role renderstore_{role}".encode())
        assert problem(conn, GOOD["everything usual"]) is None
        assert problem(conn, BAD["layer 0"][0]) is not None
