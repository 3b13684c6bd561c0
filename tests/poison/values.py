"""Hostile values of each type, as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from random import Random


def nested(deep: int, opening: str = "[", closing: str = "]") -> str:
    return opening * deep + "1" + closing * deep


def _config(value: str) -> str:
    return (
        '{"template": {"src": "file:///a.aep", "composition": "main"}, "assets": ['
        '{"type": "data", "layerName": "a", "property": "p", "value": ' + value + "}]}"
    )


_JSON = (
    nested(3_000),
    "9" * 5_000,
    nested(190),
    "9" * 100,
    nested(250, '{"a":', "}"),
    "1e400",
    "-1e-5000",
    "9" * 101,
    nested(200),
    '"' + "x" * 1_100_000 + '"',
    '"\\u0000"',
    '"\\ud800"',
    '{"__proto__": {"a": 1}, "": null}',
    "1e99",
    "0." + "0" * 90 + "1",
    "[" + ",".join(["[]"] * 500) + "]",
)
FIXED: Mapping[str, tuple[str, ...]] = {
    "text": (
        "",
        "é" * 50_000,
        "/a\u0001",
        "/\U0001f600/\u202e.mov",
        "C:\\a\\b.mov",
        "s3://a/%00",
        "\x7f\x85",
        "{a,b}",
        "/" + "x" * 255,
        "\\N",
        " ",
        "'; --",
        "gpu",
        "\ufeff\uffff",
        "null",
        "a" * 255,
        "/../a",
        "\r\n\t",
    ),
    "timestamp with time zone": (
        "infinity",
        "-infinity",
        "9999-12-30 23:59:59.999999+00",
        "294276-12-31 23:59:59+00",
        "4713-01-01 00:00 BC",
        "9999-12-31 00:00+00",
        "1969-12-31 23:59:59.999999+00",
        "epoch",
        "0001-01-01",
        "now",
        "2026-02-30",
        "24:00",
    ),
    "smallint": ("-32768", "32767", "0", "10", "11", "99999", "", "NaN"),
    "integer": ("-2147483648", "2147483647", "0", "-1", "1", "100", "9" * 20, "1e3"),
    "bigint": (str(2**63 - 1), str(-(2**63)), "0", "9" * 30),
    "double precision": ("NaN", "Infinity", "1e308", "-0"),
    "boolean": ("true", "false", "2", ""),
    "uuid": (
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "no uuid",
    ),
    "jsonb": (*map(_config, _JSON), *_JSON[:4], "{}", "null", '[["gpu"]]', "[[7]]"),
}
_LETTERS = "a0 /\\.:%\"'{}[]#\u0001\u00a0é\u0301\u200b\u202e\ud7ff\U0001f600\U0010ffff"


def _any_text(random: Random) -> str:
    return "".join(random.choices(_LETTERS, k=random.randrange(12)))


def _any_time(random: Random) -> str:
    return datetime.fromtimestamp(random.randrange(-(10**10), 10**11), UTC).isoformat()


def _any_json(random: Random) -> str:
    value = random.choice(
        [
            json.dumps(_any_text(random)),
            nested(random.randrange(400)),
            "1" * random.randrange(1, 200),
            f"{random.choice('+-')[1:]}1e{random.randrange(-400, 400)}",
        ]
    )
    return _config(value) if random.random() < 0.8 else value


ANY: Mapping[str, Callable[[Random], str]] = {
    "text": _any_text,
    "timestamp with time zone": _any_time,
    "jsonb": _any_json,
    "smallint": lambda random: str(random.randrange(-(2**16), 2**16)),
    "integer": lambda random: str(
        random.choice([1, 10**3, 10**10]) * random.randint(-9, 9)
    ),
}


def values(kind: str, random: Random) -> Iterator[str]:
    """Hostile values of a type, without end: the known ones first."""
    known = FIXED.get(kind, ("no member", "", "cancel", "wait", "queued", "pending"))
    yield from known
    make = ANY.get(kind)
    while True:
        yield make(random) if make else random.choice(known)
