"""nexrender configurations, good and bad, and random mutations of them."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any, cast

TEMPLATE = {"src": "file:///ads/spot.aep", "composition": "main"}
IMAGE = {"type": "image", "src": "https://cdn/logo.png", "layerName": "logo"}
DATA = {"type": "data", "layerName": "title", "property": "Source Text", "value": "Hi"}
SCRIPT = {"type": "script", "src": "file:///ads/tint.jsx"}
ENCODE = {"module": "@nexrender/action-encode", "preset": "mp4"}

# JSON has numbers that Python cannot write; texts() puts them where these strings stand.
NUMBERS = {
    "@minus 0": "-0.0",
    "@many zeros": "0.000e10",
    "@small": "1e-98",
    "@large": "-1e99",
}

# Longer, written out, than what every client can read: nexrender takes some, we none.
LONG_NUMBERS = {
    "@tiny": "1e-400",
    "@rounds to 0": "2.4703282292062327e-324",
    "@smallest": "2.4703282292062328e-324",
    "@least": "-5e-324",
    "@short of small": "1e-99",
    "@past large": "1e100",
    "@huge": "1e400",
}


def job(**parts: Any) -> dict[str, Any]:
    """The least that nexrender takes, and what is given."""
    return {"template": TEMPLATE, **parts}


def assets(*listed: Any) -> dict[str, Any]:
    """A job with these assets."""
    return job(assets=list(listed))


GOOD: dict[str, Any] = {
    "the least": job(),
    "everything usual": job(
        uid="spot-7",
        type="default",
        state="queued",
        output="",
        tags="ads,spot",
        priority=2,
        template={
            **TEMPLATE,
            "frameStart": 0,
            "frameEnd": 250,
            "frameIncrement": 2,
            "outputModule": "PNG",
            "outputExt": "png",
            "imageSequence": True,
        },
        assets=[
            IMAGE,
            {"type": "audio", "src": "data:audio/mp3;base64,AA==", "layerIndex": 3},
            {"type": "video", "src": "file:///a.mov", "layerIndex": "0"},
            DATA,
            SCRIPT,
            {"type": "static", "src": "file:///font.ttf"},
        ],
        actions={
            "predownload": "not looked at",
            "prerender": [{"module": "./check.js"}],
            "postrender": [ENCODE],
        },
    ),
    "a number for a uid": job(uid=7),
    "a uid that is a list": job(uid=["../x"]),
    "a uid with dots apart": job(uid="a.b.c"),
    "a uid with a colon": job(uid="C:x"),
    "a uid of one dot": job(uid="."),
    "a uid of white space": job(uid=" "),
    "any state": job(state={}),
    "no name, but a number": job(template={"src": 1, "composition": True}),
    "empty lists are true": job(template={"src": [], "composition": {}}),
    "the smallest number": job(template={"src": "@small", "composition": "@small"}),
    "the largest number": job(uid="@large"),
    "an empty list of assets": assets(),
    "a value of null": assets({**DATA, "value": None}),
    "a value of false": assets({**DATA, "value": False}),
    "an expression alone": assets(
        {"type": "data", "layerIndex": 1, "property": "Opacity", "expression": "50"}
    ),
    "a negative layer": assets({"type": "image", "src": "a", "layerIndex": -1}),
    "a layer in a list": assets({"type": "image", "src": "a", "layerName": []}),
    "a script with an empty layer": assets({**SCRIPT, "layerName": ""}),
    "actions of true": job(actions=True),
    "actions of a word": job(actions="postrender"),
    "actions of a number": job(actions=1),
    "actions in a list": job(actions=[None]),
    "no actions": job(actions={}),
    "empty phases": job(actions={"prerender": None, "postrender": 0}),
    "an action that is no list": job(actions={"postrender": ENCODE}),
    "a module of any kind": job(actions={"postrender": [{"module": {}}]}),
    "a phase that nexrender does not know": job(actions={"cleanup": [{}]}),
    "a prototype": {**job(), "__proto__": {"template": None, "uid": ""}},
    "keys of other cases": {**job(), "UID": "", "Assets": 1},
    "a function's name": {**job(), "constructor": None, "toString": 1},
}

# What is wrong, and where the sentence must say so.
BAD: dict[str, tuple[Any, str]] = {
    "null": (None, "The configuration must be a JSON object."),
    "a list": ([job()], "The configuration must be a JSON object."),
    "an empty list": ([], "The configuration must be a JSON object."),
    "a word": ("template", "The configuration must be a JSON object."),
    "a number": (1, "The configuration must be a JSON object."),
    "true": (True, "The configuration must be a JSON object."),
    "an empty uid": (job(uid=""), "uid: "),
    "a uid of null": (job(uid=None), "uid: "),
    "a uid of 0": (job(uid=0), "uid: "),
    "a uid of -0.0": (job(uid="@minus 0"), "uid: "),
    "a uid of 0.000e10": (job(uid="@many zeros"), "uid: "),
    "a state of false": (job(state=False), "state: "),
    "an empty state": (job(state=""), "state: "),
    "nothing": ({}, "template: "),
    "an empty template": (job(template={}), "template.src: "),
    "a template of null": (job(template=None), "template: "),
    "a template that is a word": (job(template="a.aep"), "template: "),
    "a template in a list": (job(template=[TEMPLATE]), "template: "),
    "no composition": (job(template={"src": "a"}), "template.composition: "),
    "an empty src": (job(template={**TEMPLATE, "src": ""}), "template.src: "),
    "assets of null": (job(assets=None), "assets: "),
    "assets in an object": (job(assets={"0": IMAGE}), "assets: "),
    "assets with a map": (job(assets={"map": IMAGE}), "assets: "),
    "assets of a word": (job(assets="image"), "assets: "),
    "an asset of null": (assets(IMAGE, None), "assets[1]: "),
    "an asset in a list": (assets([IMAGE]), "assets[0]: "),
    "an asset that is a word": (assets("image"), "assets[0]: "),
    "an empty asset": (assets({}), "assets[0].type: "),
    "an unknown type": (assets({**IMAGE, "type": "font"}), "assets[0].type: "),
    "a type in a list": (assets({**IMAGE, "type": ["image"]}), "assets[0].type: "),
    "a type in capitals": (assets({**IMAGE, "type": "Image"}), "assets[0].type: "),
    "a type with a space": (assets({**IMAGE, "type": "image "}), "assets[0].type: "),
    "an image without src": (
        assets({"type": "image", "layerName": "a"}),
        "assets[0].src: ",
    ),
    "a script without src": (assets(SCRIPT, {"type": "script"}), "assets[1].src: "),
    "an image without layer": (
        assets(DATA, SCRIPT, {"type": "image", "src": "a"}),
        "assets[2].layerName: ",
    ),
    "layer 0": (
        assets({"type": "image", "src": "a", "layerIndex": 0}),
        "assets[0].layerIndex: ",
    ),
    "data without layer": (
        assets({"type": "data", "property": "x", "value": 1}),
        "assets[0].layerName: ",
    ),
    "data without value": (
        assets({"type": "data", "layerName": "a", "property": "x"}),
        "assets[0].value: ",
    ),
    "data of an empty expression": (
        assets({"type": "data", "layerName": "a", "property": "x", "expression": ""}),
        "assets[0].value: ",
    ),
    "data without property": (
        assets({"type": "data", "layerName": "a", "value": 1}),
        "assets[0].property: ",
    ),
    "actions of null": (job(actions=None), "actions: "),
    "actions of 0": (job(actions=0), "actions: "),
    "an action of null": (
        job(actions={"prerender": [ENCODE, None]}),
        "actions.prerender[1]: ",
    ),
    "an action in a list": (
        job(actions={"postrender": [[ENCODE]]}),
        "actions.postrender[0]: ",
    ),
    "an action that is a word": (
        job(actions={"postrender": "encode"}),
        "actions.postrender: ",
    ),
    "an action without module": (
        job(actions={"prerender": [ENCODE], "postrender": [ENCODE, {}]}),
        "actions.postrender[1].module: ",
    ),
    "a lone action without module": (
        job(actions={"prerender": {"module": ""}}),
        "actions.prerender.module: ",
    ),
}

# nexrender accepts these: it makes a folder of that name.
CLIMBING: dict[str, Any] = {
    uid: job(uid=uid)
    for uid in ("..", "../../etc", "a/b", "/etc", "a\\b", "..\\x", "a..", "C:\\x")
}


def text_of(config: Any) -> str:
    """A configuration as JSON, on one line."""
    text = json.dumps(config)
    for name, number in (NUMBERS | LONG_NUMBERS).items():
        text = text.replace(f'"{name}"', number)
    return text


_KEYS = (
    *("uid", "state", "template", "assets", "actions", "src", "composition", "type"),
    *("layerName", "layerIndex", "value", "expression", "property", "module"),
    *("prerender", "postrender", "__proto__", "map", "length", "name"),
)
_VALUES: tuple[Any, ...] = (
    *(None, False, True, 0, -0.0, 1, -1, 0.5, "", " ", "0", "a", "..", "a/b", "b\\c"),
    *("image", "audio", "video", "data", "script", "static", "default", "é", "😀"),
    *([], {}, [[]], [None], [0], {"length": 0}, *NUMBERS),
    *(TEMPLATE, IMAGE, DATA, SCRIPT, ENCODE, [IMAGE, SCRIPT], [ENCODE], job()),
)


def mutations(seed: int, count: int) -> Iterator[str]:
    """Configurations with one to three things changed at random, as JSON."""
    chance = random.Random(seed)
    begun_with = [*GOOD.values(), *(config for config, _ in BAD.values())]
    rich = GOOD["everything usual"]
    for _ in range(count):
        # Most of what can be changed stands in the longest.
        begun = rich if chance.random() < 0.5 else chance.choice(begun_with)
        config: Any = {"config": copy.deepcopy(begun)}
        for _ in range(chance.choice((1, 1, 2, 3))):
            _mutate(config, chance)
        yield text_of(config["config"])


def _mutate(config: dict[str, Any], chance: random.Random) -> None:
    places = list(_places(config))
    holder, key = chance.choice(places)
    match chance.choice(("replace", "replace", "remove", "add", "wrap", "swap")):
        case "replace":
            holder[key] = copy.deepcopy(chance.choice(_VALUES))
        case "remove" if holder is not config:
            del holder[key]
        case "add" if isinstance(holder[key], dict):
            holder[key][chance.choice(_KEYS)] = copy.deepcopy(chance.choice(_VALUES))
        case "add" if isinstance(holder[key], list):
            nth = chance.randint(0, len(holder[key]))
            holder[key].insert(nth, copy.deepcopy(chance.choice(_VALUES)))
        case "wrap":
            holder[key] = chance.choice(([holder[key]], {"0": holder[key]}))
        case _:
            other, at = chance.choice(places)
            holder[key] = copy.deepcopy(other[at])


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a value: what holds it, and under which key or number."""
    for key in _keys(holder):
        yield holder, key
        if isinstance(holder[key], dict | list):
            yield from _places(holder[key])


def _keys(holder: Any) -> list[Any]:
    if isinstance(holder, dict):
        return list(cast("dict[str, Any]", holder))
    return list(range(len(holder)))
