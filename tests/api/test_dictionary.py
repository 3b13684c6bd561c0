"""The dictionary says all that the catalog knows, its links lead somewhere, its pictures are Mermaid."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from renderstore._dev import dictionary
from renderstore._paths import CATALOG, SNAPSHOT, SQL
from renderstore.cli import cli
from renderstore.errors import Error
from renderstore.schema._catalog import Catalog

CHECKOUT = SQL.parent
FOLDER = CHECKOUT / dictionary.FOLDER
LINK = re.compile(r"(?<!\\)\[(?P<text>(?:\\.|[^\]\\]|\[\])*)\]\((?P<to>[^)\s]+)\)")
CODE = re.compile(r"(?<!\\)(?P<fence>`+)(?!`).*?(?<!`)(?P=fence)(?!`)")
PICTURE = re.compile(r"^```mermaid\n(.*?)\n```$", re.DOTALL | re.MULTILINE)
SUBJECTS = "src/renderstore/_dev/dictionary/_subjects.py"

# The grammar of mermaid 11's erDiagram, as far as we write it; each line is one of these and nothing else.
WORD = r"[A-Za-z_][A-Za-z0-9_]*"
BOX = re.compile(
    rf'    (?P<word>{WORD})(?:\["(?P<alias>[a-z_]+\.[a-z0-9_]+)"\])?(?P<open> \{{)?'
)
COLUMN = re.compile(
    rf"        (?P<type>{WORD}(?:\[\])?) (?P<column>{WORD}) (?:PK|FK|PK, FK)"
)
LINE = re.compile(
    rf'    (?P<parent>{WORD}) (?:\|\||\|o)--(?:o\{{|o\|) (?P<child>{WORD}) : "[a-z0-9_, ]+"'
)
# Words that mermaid's lexer takes for something else, wherever a name begins with them or is one of them.
TAKEN = {
    *("erDiagram", "direction", "title", "accTitle", "accDescr", "style", "class"),
    *("classDef", "u", "o", "to", "one", "only", "many", "zero", "optionally"),
}


@cache
def catalog() -> Catalog:
    found: Catalog = json.loads(CATALOG.read_text(encoding="utf-8"))
    return found


@cache
def pages() -> dict[str, str]:
    return dictionary.present()


def changed(kind: str, name: str, **facts: str) -> dict[str, str]:
    """The pages of a catalog in which one object is otherwise."""
    other = deepcopy(catalog())
    other[kind][name].update(facts)
    return dictionary.pages(other, SNAPSHOT.read_text(encoding="utf-8"))


def plain(markdown: str) -> str:
    """What a person reads: links are their text, nothing is escaped."""
    shown = LINK.sub(lambda link: link["text"], markdown)
    return re.sub(r"\\([\\`*\[\]<>|~$_])", r"\1", shown)


def docs(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["docs", *arguments])


def test_what_is_checked_in_is_the_present() -> None:
    assert dictionary.write(FOLDER, pages(), check=True) == [], "run `just docs`"


def test_each_table_and_view_has_a_page_with_its_comment_and_all_columns() -> None:
    lost: list[str] = []
    for kind in ("table", "view"):
        for name, facts in catalog()[kind].items():
            page = pages()[f"{name.replace('.', '/')}.md"]
            if facts["comment"] not in plain(page):
                lost.append(f"{name}: its comment")
            for column, told in catalog()["column"].items():
                if told["belongs_to"] != f"{kind} {name}":
                    continue
                own = column.removeprefix(f"{name}.")
                row = next(
                    (
                        line
                        for line in page.splitlines()
                        if line.startswith(f"| `{own}` |")
                    ),
                    "",
                )
                if not plain(row).endswith(f"| {told['comment']} |"):
                    lost.append(column)
    assert not lost, lost


def test_each_constraint_index_policy_and_trigger_stands_on_its_tables_page() -> None:
    lost: list[str] = []
    for kind in ("constraint", "index", "policy", "trigger"):
        for name, facts in catalog()[kind].items():
            of, _, holder = facts["belongs_to"].partition(" ")
            if of not in {"table", "view"}:
                continue
            page = pages()[f"{holder.replace('.', '/')}.md"]
            own = name.rpartition(".")[2]
            if f"`{own}`" not in page:
                lost.append(f"the {kind} {name}")
            if kind == "constraint" and facts["comment"] not in plain(page):
                lost.append(f"the sentence of {name}")
    assert not lost, lost


def test_each_type_and_function_stands_on_its_areas_page_with_its_comment() -> None:
    lost: list[str] = []
    for kind in ("type", "function"):
        for name, facts in catalog()[kind].items():
            area, _, own = name.partition("(")[0].partition(".")
            page = pages()[f"{area}/README.md"]
            if f'<a id="{kind}-{own}"></a>' not in page:
                lost.append(f"the anchor of {name}")
            comment = " ".join(facts["comment"].split())
            if f"**{own}**" not in page or comment not in plain(page):
                lost.append(f"the {kind} {name}")
    assert not lost, lost


def test_the_first_page_names_every_area_and_role() -> None:
    first = plain(pages()["README.md"])
    for kind in ("schema", "role"):
        for name, facts in catalog()[kind].items():
            assert name in first
            assert facts["comment"] in first


def test_columns_stand_in_the_order_of_the_table() -> None:
    page = pages()["work/jobs.md"]
    columns = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert columns[:4] == ["user_id", "id", "kind", "status"]


def test_walls_are_told_in_words() -> None:
    page = pages()["studio/assets.md"]
    assert (
        "| `renderstore_app` | read; update `name`, `provenance`, `expires_at` | the acting user's own rows,"
        " save those of deleted projects (`assets_own`) |"
    ) in page
    assert "| `renderstore_readonly` | read | read: every row (`assets_read`) |" in page
    assert "read: rows that go with one of [studio.job_assets](job_assets.md)" in page
    assert "holds the table's owner too" in page


def test_no_wall_grants_what_the_catalog_does_not() -> None:
    """Each role that the catalog grants something has a row, and no other role has one."""
    wrong: list[str] = []
    for kind in ("table", "view"):
        for name, facts in catalog()[kind].items():
            granted = set(facts.get("grants", {}))
            for told in catalog()["column"].values():
                if told["belongs_to"] == f"{kind} {name}":
                    granted |= set(told.get("grants", {}))
            page = pages()[f"{name.replace('.', '/')}.md"]
            rows = dict(re.findall(r"^\| `(renderstore_\w+)` \| (.*?) \|", page, re.M))
            may = {
                role
                for role, what in rows.items()
                if what not in {"owns it", "nothing by itself"}
            }
            if may != granted:
                wrong.append(f"{name}: {sorted(may ^ granted)}")
    assert not wrong, wrong


def test_a_table_names_the_queries_views_and_functions_that_use_it() -> None:
    page = pages()["work/jobs.md"]
    assert "- [work.jobs.get](../../../sql/queries/work/jobs.sql): The job of" in page
    assert "- [render.jobs](../render/jobs.md): " in page
    assert "[work.claim](README.md#function-claim)" in page


def test_every_typed_query_that_names_a_table_stands_on_its_page() -> None:
    lost: list[str] = []
    for path in sorted((SQL / "queries").glob("*/*.sql")):
        for part in path.read_text(encoding="utf-8").split("-- name: ")[1:]:
            query = f"{path.parent.name}.{path.stem}.{part.partition('(')[0]}"
            body = re.sub(r"--.*", "", part.partition("\n")[2])
            for name in [*catalog()["table"], *catalog()["view"]]:
                is_named = re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", body)
                page = pages()[f"{name.replace('.', '/')}.md"]
                if bool(is_named) is not (f"- [{query}](" in page):
                    lost.append(f"{query} on the page of {name}")
    assert not lost, lost


def test_every_link_and_anchor_leads_somewhere() -> None:
    broken: list[str] = []
    count = 0
    for name, text in pages().items():
        # What looks like a link in code is none.
        for link in LINK.finditer(CODE.sub("", PICTURE.sub("", text))):
            count += 1
            to, _, anchor = link["to"].partition("#")
            path = (
                (FOLDER / name).parent.joinpath(to).resolve() if to else FOLDER / name
            )
            mark = f'<a id="{anchor}"></a>' if anchor else ""
            if not path.is_file() or mark not in path.read_text("utf-8"):
                broken.append(f"{name}: {link[0]}")
    assert not broken, broken
    assert count > 1500


def test_an_anchor_stands_once_on_its_page() -> None:
    for name, text in pages().items():
        anchors = re.findall(r'<a id="([^"]+)">', text)
        assert len(anchors) == len(set(anchors)), name


def test_rows_of_a_table_have_as_many_cells_as_its_head() -> None:
    for name, text in pages().items():
        for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
            cells = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
            assert len(cells) == 1, f"{name}: {table[:100]}"


def test_every_picture_is_mermaid_and_draws_what_exists() -> None:
    wrong: list[str] = []
    drawn: set[str] = set()
    for name, text in pages().items():
        area = name.partition("/")[0]
        for picture in PICTURE.findall(text):
            boxes, problems = parse(picture, area)
            wrong += [f"{name}: {each}" for each in problems]
            drawn |= boxes
            for line in LINE.finditer(picture):
                if not {line["parent"], line["child"]} <= declared(picture):
                    wrong.append(f"{name}: {line[0].strip()} has no box")
    assert not wrong, wrong
    assert drawn <= catalog()["table"].keys()


def test_every_table_is_drawn_or_named_under_a_picture() -> None:
    for name in catalog()["table"]:
        area, _, own = name.partition(".")
        page = pages()[f"{area}/README.md"]
        pictures, words = PICTURE.findall(page), PICTURE.sub("", page)
        named = [each for each in words.splitlines() if each.startswith("Of the same")]
        assert any(own in declared(each) for each in pictures) or any(
            f"[{name}]" in each for each in named
        ), f"open {SUBJECTS}: {name} is in no picture"


def test_every_foreign_key_is_a_line_of_a_picture() -> None:
    for name, facts in catalog()["constraint"].items():
        if not facts["definition"].startswith("FOREIGN KEY"):
            continue
        area, _, child = facts["belongs_to"].removeprefix("table ").partition(".")
        lines = [
            (line["parent"], line["child"])
            for picture in PICTURE.findall(pages()[f"{area}/README.md"])
            for line in LINE.finditer(picture)
        ]
        parent = facts["definition"].partition(" REFERENCES ")[2].partition("(")[0]
        own = parent.removeprefix(f"{area}.").replace(".", "_")
        assert (own, child) in lines, name


def test_no_picture_is_too_large_to_read() -> None:
    for name, text in pages().items():
        for picture in PICTURE.findall(text):
            assert len(declared(picture)) <= 8, f"open {SUBJECTS}: split {name}"


def declared(picture: str) -> set[str]:
    return {
        box["word"] for line in picture.splitlines() if (box := BOX.fullmatch(line))
    }


def parse(picture: str, area: str) -> tuple[set[str], list[str]]:
    """The tables of a picture, and what mermaid would not read as we mean it."""
    head, *lines = picture.split("\n")
    problems = [] if head == "erDiagram" else [f"it begins with {head}"]
    tables: set[str] = set()
    words: set[str] = set()
    is_open, columns = False, list[str]()
    for line in lines:
        box, column = BOX.fullmatch(line), COLUMN.fullmatch(line)
        if is_open and line == "    }":
            if not columns:
                problems.append("empty braces")
            is_open = False
        elif is_open and column:
            if column["column"] in columns:
                problems.append(f"twice: {line}")
            columns.append(column["column"])
        elif not is_open and box:
            tables.add(box["alias"] or f"{area}.{box['word']}")
            if box["word"] in words or box["word"] in TAKEN:
                problems.append(f"taken: {line}")
            words.add(box["word"])
            is_open, columns = bool(box["open"]), []
        elif is_open or not LINE.fullmatch(line):
            problems.append(f"not understood: {line}")
    if is_open:
        problems.append("a brace stays open")
    return tables, problems


def test_what_mermaid_would_not_read_is_found() -> None:
    for wrong in (
        'erDiagram\n    a {\n        integer "position" PK\n    }',
        "erDiagram\n    a {\n    }",
        "erDiagram\n    a {\n        uuid id PK",
        "erDiagram\n    a\n    b\n    a ||--o{ b : user_id",
        "erDiagram\n    style",
        "erDiagram\n    a {\n        timestamp with time zone at PK\n    }",
    ):
        assert parse(wrong, "work")[1], wrong


def test_a_changed_comment_makes_its_pages_stale(tmp_path: Path) -> None:
    dictionary.write(tmp_path, pages(), check=False)
    other = changed("table", "work.jobs", comment="Otherwise.")
    said = dictionary.write(tmp_path, other, check=True)
    assert said == [
        "docs/dictionary/work/README.md is stale.",
        "docs/dictionary/work/jobs.md is stale.",
    ]


def test_a_changed_wall_makes_its_page_stale(tmp_path: Path) -> None:
    dictionary.write(tmp_path, pages(), check=False)
    other = changed("policy", "work.jobs.jobs_own", using="true")
    assert dictionary.write(tmp_path, other, check=True) == [
        "docs/dictionary/work/jobs.md is stale."
    ]


def test_a_changed_catalog_makes_check_exit_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = deepcopy(catalog())
    other["column"]["work.jobs.progress"]["type"] = "smallint"
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps(other), encoding="utf-8")
    monkeypatch.setattr("renderstore.schema._catalog.CATALOG", path)
    said = docs("--check")
    assert said.exit_code == 1
    assert "docs/dictionary/work/jobs.md is stale." in said.output


def test_a_missing_page_is_named_and_written(tmp_path: Path) -> None:
    dictionary.write(tmp_path, pages(), check=False)
    (tmp_path / "work/jobs.md").unlink()
    said = dictionary.write(tmp_path, pages(), check=True)
    assert said == ["docs/dictionary/work/jobs.md is missing."]
    assert not (tmp_path / "work/jobs.md").exists()
    dictionary.write(tmp_path, pages(), check=False)
    assert dictionary.write(tmp_path, pages(), check=True) == []


def test_the_page_of_a_dropped_table_goes_and_a_persons_stays(tmp_path: Path) -> None:
    texts = pages()
    old = {**texts, "gone/jobs.md": texts["work/jobs.md"]}
    dictionary.write(tmp_path, old, check=False)
    (tmp_path / "work/notes.md").write_text("Mine.\n")
    said = dictionary.write(tmp_path, texts, check=True)
    assert said == ["docs/dictionary/gone/jobs.md is of nothing any more."]
    dictionary.write(tmp_path, texts, check=False)
    assert not (tmp_path / "gone").exists()
    assert (tmp_path / "work/notes.md").exists()


def test_a_table_of_no_picture_is_refused() -> None:
    other = deepcopy(catalog())
    other["table"]["work.news"] = dict(other["table"]["work.jobs"])
    with pytest.raises(Error, match=r"work\.news stands in no picture: open src/"):
        dictionary.pages(other, SNAPSHOT.read_text(encoding="utf-8"))


def test_a_column_that_the_structure_lacks_is_refused() -> None:
    other = deepcopy(catalog())
    other["column"]["work.jobs.news"] = dict(other["column"]["work.jobs.id"])
    with pytest.raises(Error, match=r"where the column work\.jobs\.news stands"):
        dictionary.pages(other, SNAPSHOT.read_text(encoding="utf-8"))


def test_check_exits_with_1_and_names_what_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderstore.cli.development.SQL", tmp_path / "sql")
    (tmp_path / "pyproject.toml").touch()
    said = docs()
    assert said.exit_code == 0, said.output
    assert docs("--check").exit_code == 0
    (tmp_path / dictionary.FOLDER / "work/jobs.md").write_text("Otherwise.\n")
    said = docs("--check")
    assert said.exit_code == 1
    assert "docs/dictionary/work/jobs.md is stale." in said.output
    assert "Stale: run " in said.output


def test_outside_of_a_checkout_it_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderstore.cli.development.SQL", tmp_path / "sql")
    said = docs()
    assert said.exit_code == 1
    assert said.output == "Error: This is for a checkout of renderstore.\n"


def test_without_a_catalog_it_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "renderstore.schema._catalog.CATALOG", tmp_path / "catalog.json"
    )
    said = docs("--check")
    assert said.exit_code == 1
    assert said.output.startswith(
        f"Error: {tmp_path / 'catalog.json'} is missing: run "
    )
    assert len(said.output.splitlines()) == 1


@pytest.mark.parametrize("wrong", ["--chek", "work"])
def test_wrong_arguments_are_a_sentence(wrong: str) -> None:
    said = docs(wrong)
    assert said.exit_code == 2
    assert len(re.findall("^Error: ", said.output, re.MULTILINE)) == 1
    assert "Traceback" not in said.output
