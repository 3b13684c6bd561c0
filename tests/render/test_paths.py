"""render.path_style and render.path_problem, on examples and on paths made at random."""

from __future__ import annotations

import ntpath
import os
import re
from itertools import product
from urllib.parse import unquote, urlsplit

import psycopg
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from renderstore.testing import Database

PROVE = bool(os.environ.get("RENDERSTORE_PROVE"))
by_property = settings(
    max_examples=5_000 if PROVE else 300,
    derandomize=not PROVE,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

EMPTY = "A path is not empty."
ABSOLUTE = r"A path is absolute: /folder, C:\folder, \\server\share or scheme://host."
DRIVE = r"A path is absolute: write C:\file, since C:file depends on a folder."
DEVICE = r"A path names a file, not a device: leave out \\?\ and \\.\ in front."
SHARE = r"A network path names its server and its share: \\server\share\file."
URI = "A URI is written scheme://host/file or file:///folder/file."
CLIMBS = "A path does not climb: no .. in it."
CLIMBS_ENCODED = "A path does not climb: no .. in it, encoded neither."
CONTROL = "A path holds no control characters."
CONTROL_ENCODED = "A path holds no control characters, encoded neither."
LONG_NAME = "A name in a path has at most 255 bytes."
LONG = "A path has at most 2048 bytes."
CHARACTER = 'A name in a Windows path holds none of < > : " | ? and *.'
END = "A name in a Windows path does not end in a dot or a space."
RESERVED = "A name in a Windows path is no device's: CON, NUL, COM1 and such."
HOST = "A URI names its host in ASCII: a name, an address, or an IPv6 one in [ ]."
BACKSLASH = "A URI holds no backslash: write /."

GOOD = {
    "posix": [
        "/",
        "/Volumes/ads/spot.aep",
        "/renders/spot_[####].png",
        "/renders/spot.%04d.exr",
        "/renders/",
        "/renders//spot.mov",
        "/renders/./spot.mov",
        "///renders/spot.mov",
        "/renders/...",
        "/renders/..spot",
        "/renders/spot..mov",
        "/renders/%2e%2e/spot",
        "/renders/a:b?c*<d>|e.",
        "/renders/CON",
        "/s3://ads",
        "/rénders/影片 😀.mov",
        "/ ",
    ],
    "windows": [
        "C:\\",
        "C:/",
        r"C:\ads\spot.aep",
        "c:/ads/spot.aep",
        r"C:\ads/spot.aep",
        "C:\\ads\\",
        r"C:\ads\\spot.aep",
        r"C:\ads\.\spot.aep",
        r"C:\renders\spot_[####].png",
        r"C:\renders\spot.%04d.exr",
        r"C:\renders\%2e%2e\spot",
        r"C:\console\com10\nul_1\lpt",
        r"C:\.config\..spot",
        r"\\server\share",
        r"\\server\share\ads\spot.aep",
        r"\\192.168.0.7\d$\spot.aep",
        "//server/share/spot.aep",
        r"\\server/share/spot.aep",
    ],
    "uri": [
        "file:///Volumes/ads/spot.aep",
        "FILE:///C:/ads/spot.aep",
        "file://server/share/spot.aep",
        "s3://ads",
        "s3://ads/",
        "s3://ads/spot_[####].png",
        "s3://ads/spot.%04d.exr",
        "s3://ads/spot.%010d.exr",
        "s3://ads/what?.mov#1",
        "smb://user@server/share/spot.mov",
        "https://cdn.example/spot.mov?token=../..&line=%0a&back=\\",
        "https://cdn.example:8443/a%20b/spot.mov#t=10",
        "http://cdn.example/spot.mov?back=../..",
        "HTTPS://cdn.example/spot_[####].png?../..",
        f"https://cdn.example/spot.mov?X-Amz-Signature={'0' * 600}",
        "git+ssh://host/repo/spot.aep",
        "http://[::1]:8080/spot.mov",
        "http://[::]/spot.mov",
        "smb://user:word@[2001:db8::7]/share/spot.mov",
        "http://[2001:db8:0:0:0:0:0:7]?spot",
        "http://[1:2:3:4:5:6::8]",
        "http://[1:2:3:4:5:6::]/",
        "file://[fe80::1]/share/spot.aep",
        "http://192.168.0.7:/spot.mov",
        "s3://ads_1.%7Eold:9000#x",
        "s3://ads/影片 😀.mov",
        "s3://ads/%E5%BD%B1.mov",
        "s3://ads/%2e/..spot..",
    ],
}

BAD = {
    "": EMPTY,
    " ": ABSOLUTE,
    "spot.aep": ABSOLUTE,
    "./spot.aep": ABSOLUTE,
    "../spot.aep": ABSOLUTE,
    "~/spot.aep": ABSOLUTE,
    " /spot.aep": ABSOLUTE,
    r"\ads\spot.aep": ABSOLUTE,
    "://host/spot.aep": ABSOLUTE,
    "1a://host/spot.aep": ABSOLUTE,
    "C:": DRIVE,
    "C:spot.aep": DRIVE,
    r"C:..\spot.aep": DRIVE,
    r"\\?\C:\ads\spot.aep": DEVICE,
    r"\\.\pipe\spot": DEVICE,
    "//?/C:/ads": DEVICE,
    r"\\server": SHARE,
    "\\\\server\\": SHARE,
    "//server": SHARE,
    "//server/": SHARE,
    "\\\\": SHARE,
    "https:/host/spot.mov": URI,
    "file:/spot.mov": URI,
    "s3:///spot.mov": URI,
    "https://": URI,
    "https://?spot": URI,
    "data:image/png;base64,AA==": URI,
    "mailto:a@b.example": URI,
    "/..": CLIMBS,
    "/ads/../spot.aep": CLIMBS,
    "/ads/..": CLIMBS,
    "/ads/../": CLIMBS,
    "/ads\\..\\spot.aep": CLIMBS,
    r"C:\ads\..\spot.aep": CLIMBS,
    "C:/..": CLIMBS,
    r"\\server\share\..\spot.aep": CLIMBS,
    "//../share/spot.aep": CLIMBS,
    "s3://ads/../spot.mov": CLIMBS_ENCODED,
    "s3://../spot.mov": CLIMBS_ENCODED,
    "file:///ads/..": CLIMBS_ENCODED,
    "file:///ads?/../spot.mov": CLIMBS_ENCODED,
    "file:///ads#/../spot.mov": CLIMBS_ENCODED,
    "https://host/a/../spot.mov?x=1": CLIMBS_ENCODED,
    "https://host/..?x=1": CLIMBS_ENCODED,
    "https://host/..#x": CLIMBS_ENCODED,
    "https://host/[####]/../x": CLIMBS_ENCODED,
    "file:///ads/..?x": CLIMBS_ENCODED,
    "s3://ads/%2e%2e/spot.mov": CLIMBS_ENCODED,
    "s3://ads/%2E./spot.mov": CLIMBS_ENCODED,
    "s3://ads/.%2e/spot.mov": CLIMBS_ENCODED,
    "s3://ads/a%2f..%2Fspot.mov": CLIMBS_ENCODED,
    "s3://ads/a%5c%2e.%5Cspot.mov": CLIMBS_ENCODED,
    "s3://ads/a\\b": BACKSLASH,
    "https://host/a\\..\\b": BACKSLASH,
    "s3://ads/a%00": CONTROL_ENCODED,
    "s3://ads/a%0Ab": CONTROL_ENCODED,
    "s3://ads/a%1b": CONTROL_ENCODED,
    "s3://ads/a%7F": CONTROL_ENCODED,
    "s3://ads/a%09": CONTROL_ENCODED,
    "s3://ads/a%C2%85": CONTROL_ENCODED,
    "s3://[": HOST,
    "s3://]": HOST,
    "s3://[]/a": HOST,
    "s3://[####]/a": HOST,
    "s3://a[::1]/a": HOST,
    "s3://[::1]a/a": HOST,
    "s3://[::1%25en0]/a": HOST,
    "http://[1:2:3:4:5:6:7]/a": HOST,
    "http://[1:2:3:4:5:6:7:8:9]/a": HOST,
    "http://[1::2::3]/a": HOST,
    "http://[:::1]/a": HOST,
    "http://[1:2:3:4::5:6:7:8]/a": HOST,
    "http://[12345::]/a": HOST,
    "http://[::g]/a": HOST,
    "http://user@name@host/a": HOST,
    "http://host:port/a": HOST,
    "http://host:123456/a": HOST,
    "http://:80/a": HOST,
    "http://user@/a": HOST,
    "http://a b/c": HOST,
    "file://bücher/a": HOST,
    "http://a\uff0fb/c": HOST,
    r"C:\ads\a:b": CHARACTER,
    r"C:\ads\C:\b": CHARACTER,
    r"C:\ads\a?": CHARACTER,
    r"C:\ads\*.png": CHARACTER,
    r"C:\ads\<a>": CHARACTER,
    r"\\server\share\a|b": CHARACTER,
    'C:\\ads\\"a"': CHARACTER,
    r"C:\ads\spot.": END,
    r"C:\ads.\spot": END,
    "C:\\ads\\spot ": END,
    "C:\\ads\\ \\spot": END,
    "C:\\ads\\.. \\spot": END,
    r"C:\ads\...\spot": END,
    "C:\\ads\\. \\spot": END,
    r"C:\CON": RESERVED,
    r"C:\ads\nul.mov": RESERVED,
    r"C:\ads\Com1.tar.gz": RESERVED,
    "C:\\ads\\aux .mov": RESERVED,
    r"C:\lpt²\spot": RESERVED,
    r"C:\conin$": RESERVED,
}


def style(conn: psycopg.Connection, path: str) -> str | None:
    """The style that the database sees."""
    row = conn.execute("select render.path_style(%s)::text", [path]).fetchone()
    assert row is not None
    said: str | None = row[0]
    return said


def problem(conn: psycopg.Connection, path: str | None) -> str | None:
    """What the database says against a path."""
    row = conn.execute("select render.path_problem(%s)", [path]).fetchone()
    assert row is not None
    said: str | None = row[0]
    return said


def cut(path: str) -> list[str]:
    """The names between separators of both kinds."""
    return re.split(r"[/\\]", path)


def folders(style: str) -> st.SearchStrategy[str]:
    """Where a path of a style begins, with a separator at its end."""
    return st.sampled_from(
        {
            # Not / alone: before an empty name it would begin a share.
            "posix": ["/a/", "/Volumes/ads/", "///"],
            "windows": ["C:\\", "z:/", "\\\\server\\share\\", "//server/share/"],
            "uri": ["file:///", "s3://ads/", "https://cdn.example:8443/a/", "smb://h/"],
        }[style]
    )


# No surrogates, since UTF-8 has none; no controls, since those are asked for apart.
CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])


@st.composite
def names(draw: st.DrawFn, style: str) -> str:
    """A name that every file system of the style keeps."""
    token = draw(st.sampled_from(["", "", "[####]", "%04d", ".", "é", "😀"]))
    excluded = {"posix": "/\\", "windows": '/\\<>:"|?*', "uri": "/\\%?#"}[style]
    text = draw(st.text(CHARACTERS.filter(lambda c: c not in excluded), max_size=20))
    name = f"{text}{token}{draw(st.sampled_from(['', '.mov', '_']))}"
    assume(name.strip(". ") == name or style != "windows")
    assume(name != ".." and not ntpath.isabs(name))
    assume(style != "windows" or not reserved(name))
    return name


def reserved(name: str) -> bool:
    """Whether Windows keeps a name for a device, as Microsoft's documents list them."""
    stem = name.partition(".")[0].rstrip(" ").upper()
    return stem in {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} or (
        stem[:3] in {"COM", "LPT"} and stem[3:] in set("123456789¹²³")
    )


STYLES = st.sampled_from(sorted(GOOD))


@st.composite
def paths(draw: st.DrawFn) -> tuple[str, str, int]:
    """A path that is in order, its style, and where its first folder ends."""
    style = draw(STYLES)
    folder = draw(folders(style))
    separators = st.sampled_from(["\\", "/"] if style == "windows" else ["/"])
    listed = draw(st.lists(names(style), max_size=5))
    path = folder + "".join(name + draw(separators) for name in listed)
    return path, style, len(folder)


def test_a_good_path_has_its_style(conn: psycopg.Connection) -> None:
    wrong = [
        (path, found)
        for expected, listed in GOOD.items()
        for path in listed
        if (found := (style(conn, path), problem(conn, path))) != (expected, None)
    ]
    assert not wrong


def test_a_bad_path_gets_its_sentence(conn: psycopg.Connection) -> None:
    assert {path: problem(conn, path) for path in BAD} == BAD


def test_only_what_is_absolute_has_a_style(conn: psycopg.Connection) -> None:
    relative = {ABSOLUTE, DRIVE, DEVICE, SHARE, URI, EMPTY}
    wrong = [
        path
        for path, said in BAD.items()
        if (style(conn, path) is None) != (said in relative)
    ]
    assert not wrong


def test_no_path_is_no_problem(conn: psycopg.Connection) -> None:
    assert problem(conn, None) is None


def test_a_name_has_at_most_255_bytes(conn: psycopg.Connection) -> None:
    wrong: list[tuple[str, str, str]] = []
    for name, folder, tail in product(
        ["x", "é", "影", "😀"],
        ["/a/", "C:\\a\\", "\\\\s\\a\\", "s3://a/"],
        ["", "/b"],
    ):
        longest = name * (255 // len(name.encode()))
        longest += "x" * (255 - len(longest.encode()))
        said = (
            problem(conn, f"{folder}{longest}{tail}"),
            problem(conn, f"{folder}x{longest}{tail}"),
        )
        if said != (None, LONG_NAME):
            wrong.append((folder, name, tail))
    assert not wrong


def test_an_encoded_byte_counts_once(conn: psycopg.Connection) -> None:
    assert problem(conn, f"s3://ads/{'%C3%A9' * 127}x") is None
    assert problem(conn, f"s3://ads/{'%C3%A9' * 128}") == LONG_NAME


def test_a_backslash_divides_no_posix_name(conn: psycopg.Connection) -> None:
    assert problem(conn, "/" + "\\".join(["x" * 127] * 3)) == LONG_NAME


@pytest.mark.parametrize("start", ["/", "C:\\", "\\\\s\\a\\", "https://a/b?"])
@pytest.mark.parametrize("name", ["x", "é", "😀"])
def test_a_path_has_at_most_2048_bytes(
    conn: psycopg.Connection, start: str, name: str
) -> None:
    folder = name * (200 // len(name.encode())) + "/"
    path = start + folder * 9
    path += "x" * 120 + "/"
    path += "x" * (2048 - len(path.encode()))
    assert problem(conn, path) is None
    assert problem(conn, f"{path}x") == LONG


def test_a_path_holds_no_control_character(conn: psycopg.Connection) -> None:
    accepted = [
        path
        for pattern in ("/a{}b", "C:\\a{}", "s3://{}a", "https://h/a?{}")
        for code in (*range(1, 0x20), *range(0x7F, 0xA0))
        if problem(conn, path := pattern.format(chr(code))) != CONTROL
    ]
    assert not accepted


def test_their_neighbours_are_no_control_characters(conn: psycopg.Connection) -> None:
    assert [problem(conn, f"/a{chr(code)}b") for code in (0x20, 0x7E, 0xA0)] == [
        None,
        None,
        None,
    ]


@given(made=paths())
@by_property
def test_every_path_of_good_names_is_accepted(
    conn: psycopg.Connection, made: tuple[str, str, int]
) -> None:
    path, expected, _ = made
    assert (style(conn, path), problem(conn, path)) == (expected, None)


@given(made=paths(), below=st.booleans(), data=st.data())
@by_property
def test_no_path_climbs(
    conn: psycopg.Connection,
    made: tuple[str, str, int],
    below: bool,
    data: st.DataObject,
) -> None:
    path, style, begin = made
    up = ".."
    if style == "uri":
        dots = st.sampled_from([".", "%2e", "%2E"])
        up = data.draw(dots) + data.draw(dots)
    at = data.draw(st.sampled_from([begin, len(path)]))
    climbing = f"{path[:at]}{up}{'/' if below or at < len(path) else ''}{path[at:]}"
    assert problem(conn, climbing) in (CLIMBS, CLIMBS_ENCODED)


@given(made=paths(), data=st.data())
@by_property
def test_a_control_character_is_refused_wherever_it_stands(
    conn: psycopg.Connection, made: tuple[str, str, int], data: st.DataObject
) -> None:
    path, _, _ = made
    at = data.draw(st.integers(0, len(path)))
    control = chr(data.draw(st.sampled_from([*range(1, 0x20), *range(0x7F, 0xA0)])))
    assert problem(conn, path[:at] + control + path[at:]) == CONTROL


SNIPPETS = st.sampled_from(
    [
        *(
            "/",
            "\\",
            ".",
            "..",
            ":",
            "//",
            "C:",
            "z:\\",
            "s3://",
            "file://",
            "https://",
        ),
        *(
            "?",
            "#",
            "[",
            "]",
            "@",
            "[::",
            "1]",
            "%",
            "%2e",
            "%2f",
            "%5C",
            "%00",
            "%04d",
            "[####]",
            " ",
            "con",
            "nul.",
        ),
        *("server", "é", "😀", "\x7f", "\x85", "\n", "<", "*", "x" * 250, "😀" * 64),
    ]
)
ANYTHING = st.lists(SNIPPETS | st.text(CHARACTERS, max_size=3), max_size=12).map(
    "".join
)


@given(path=ANYTHING)
@example(path="/a/.%2e/b")
@example(path="s3://[")
@example(path="s3://a\u2100b")
@by_property
def test_what_is_accepted_is_safe(conn: psycopg.Connection, path: str) -> None:
    said = problem(conn, path)
    seen = style(conn, path)
    if said is not None:
        assert re.fullmatch(r"A .+\.", said), said
        return
    assert seen is not None
    assert len(path.encode()) <= 2048
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", path)
    match seen:
        case "windows":
            drive, rest = ntpath.splitdrive(path)
            assert drive
            assert ntpath.isabs(path) or not rest
            listed = cut(path)
            assert not any(reserved(name) for name in listed)
            assert not any(name.endswith((".", " ")) for name in listed if name != ".")
        case "uri":
            parts = urlsplit(path)
            web = parts.scheme in {"http", "https"}
            assert parts.netloc or parts.scheme == "file"
            assert parts.hostname or parts.scheme == "file"
            listed = cut(unquote(path.partition("?")[0] if web else path))
        case _:
            assert path.startswith("/")
            listed = path.split("/")
    assert ".." not in {part for name in listed for part in cut(name)}
    assert all(len(name.encode(errors="replace")) <= 255 for name in listed)


@given(path=ANYTHING)
@by_property
def test_what_has_no_style_is_refused(conn: psycopg.Connection, path: str) -> None:
    assert style(conn, path) is not None or problem(conn, path) is not None


def test_a_setting_of_the_caller_lets_nothing_through(asked: Database) -> None:
    with psycopg.connect(asked.owner_url) as conn:
        conn.execute("set standard_conforming_strings to off")
        conn.execute("set escape_string_warning to off")
        assert {path: problem(conn, path) for path in BAD} == BAD


@pytest.mark.parametrize("role", ["app", "worker", "admin", "readonly"])
def test_whoever_sees_a_path_may_ask(asked: Database, role: str) -> None:
    with psycopg.connect(asked.url) as conn:
        conn.execute(f"set local role renderstore_{role}".encode())
        for path, said in BAD.items():
            assert problem(conn, path) == said
        for listed in GOOD.values():
            assert [problem(conn, path) for path in listed] == [None] * len(listed)
