"""The house as CONTRIBUTING describes it: rooms, and what they may import."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.recipes import TEXT, new_files

PACKAGE = ROOT / "agenix_check"
FLOORS = [re.findall(r"`([^`]+)`", row) for row in re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# Libraries, and where alone each may be imported.
OWNERS = {
    "git": "git/",
    "pyrage": "keys/",
    "junit_xml": "report/formats/junit.py",
    "jinja2": "report/formats/html/",
    "tqdm": "report/progress_bar.py",
    "tree_sitter": "discover/rules/",
    "tree_sitter_nix": "discover/rules/",
}


def _room(path: Path) -> str:
    first, *rest = path.relative_to(PACKAGE).parts
    return f"{first}/" if rest else first


def _modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@cache
def _imports(path: Path) -> frozenset[str]:
    """Return the modules that a file imports anywhere in it."""
    return frozenset(_each_import(path))


def _each_import(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield node.module or ""
            yield from (f"{node.module}.{one.name}" for one in node.names)


def _imported_rooms(path: Path) -> set[str]:
    names = {name.split(".")[1] for name in _imports(path) if name.startswith("agenix_check.")}
    rooms = {f"{name}/" if (PACKAGE / name).is_dir() else f"{name}.py" for name in names}
    return {room for room in rooms if (PACKAGE / room).exists()}


def test_every_room_is_described() -> None:
    assert {_room(path) for path in _modules()} - {"__init__.py"} == FLOOR.keys()


@pytest.mark.parametrize("room", sorted(FLOOR))
def test_a_room_knows_only_those_above_it(room: str) -> None:
    for path in (one for one in _modules() if _room(one) == room):
        for other in _imported_rooms(path):
            assert FLOOR[other] <= FLOOR[room], f"{path.relative_to(ROOT)} imports {other}"


@pytest.mark.parametrize(("library", "owner"), OWNERS.items())
def test_a_library_has_one_place(library: str, owner: str) -> None:
    users = [
        path.relative_to(PACKAGE).as_posix()
        for path in _modules()
        if any(name.split(".")[0] == library for name in _imports(path))
    ]
    assert users
    assert [user for user in users if not user.startswith(owner)] == []


LONGEST = 400  # lines


def test_no_file_is_long() -> None:
    lines = {
        path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines())
        for path in [*_modules(), *(ROOT / "tests").rglob("*.py")]
    }
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}


def _shared(names: Iterable[tuple[str, Path]]) -> dict[str, list[str]]:
    """Return the names that more than one module has, with these modules."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, path in names:
        found[name].add(path.relative_to(PACKAGE).as_posix())
    return {name: sorted(paths) for name, paths in found.items() if len(paths) > 1}


def _top_level(*kinds: type[ast.stmt]) -> Iterator[tuple[str, Path]]:
    """Give the classes, functions or constants of every module, and the module."""
    for path in _modules():
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, kinds):
                continue
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                yield node.name, path
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                yield from ((one.id, path) for one in targets if isinstance(one, ast.Name))


def test_a_module_is_known_by_its_name() -> None:
    # A room may have its own errors. What audits the rules of one file of `rules/` is called like
    # that file. A room itself (`__init__`) is known by its path.
    shared = _shared((path.stem, path) for path in _modules() if path.stem != "__init__")
    shared.pop("errors")
    mirrored = {
        name for name, paths in shared.items() if paths == [f"audit/{name}.py", f"rules/{name}.py"]
    }
    assert mirrored == {"nodes", "plain", "sources"}
    assert {name: paths for name, paths in shared.items() if name not in mirrored} == {}


def test_a_class_is_known_by_its_name() -> None:
    assert _shared(_top_level(ast.ClassDef)) == {}


def test_a_public_function_is_known_by_its_name() -> None:
    shared = _shared(
        (name, path)
        for name, path in _top_level(ast.FunctionDef)
        # What turns something into text is called so in every module of `report/`.
        if not (name.startswith("_") or (name.startswith("render") and _room(path) == "report/"))
    )
    assert shared == {}


def test_a_constant_is_known_by_its_name() -> None:
    shared = _shared(
        (name, path)
        for name, path in _top_level(ast.Assign, ast.AnnAssign)
        # Every format ends with its declaration, FORMAT; every JSON report has its encoder.
        if not (name in {"FORMAT", "_encode"} and "formats" in path.parts) and name != "_T"
    )
    assert {name: paths for name, paths in shared.items() if not name.startswith("__")} == {}


def test_the_files_that_it_names_are_there() -> None:
    named = set(re.findall(r"`((?:agenix_check|tests|ci-examples)/[\w./-]*|[A-Z]+\.md)`", TEXT))
    named |= set(re.findall(r"\btests/[\w./]+", TEXT))
    assert len(named) > 10
    missing = {name for name in named if not (ROOT / name).exists()}
    assert missing == new_files()


DESIGN = (ROOT / "docs/design.md").read_text()


def test_the_sections_of_the_design_that_are_cited_are_there() -> None:
    sections = set(re.findall(r"^##+ ([\d.]*\d)\.? ", DESIGN, re.MULTILINE))
    places = [*_modules(), *(ROOT / "tests").rglob("*.py")]
    cited = {
        (path.name, section)
        for path in places
        for section in re.findall(r"design\.md, (?:section )?(\d[\d.]*\d|\d)", path.read_text())
    }
    assert len(cited) > 2
    assert {(name, section) for name, section in cited if section not in sections} == set()


def test_the_files_that_the_design_names_are_there() -> None:
    named = set(re.findall(r"`((?:\w+/)+(?:\w+\.py)?)`", DESIGN))
    assert len(named) > 8
    assert [name for name in sorted(named) if not (PACKAGE / name).exists()] == []


def test_the_types_that_the_design_relates_are_there() -> None:
    table = DESIGN[DESIGN.index("| type |") : DESIGN.index("## 3.")]
    for row in re.findall(r"^\| (`.*?) \| `([^`]+)` \|", table, re.MULTILINE):
        place = PACKAGE / row[1]
        files = [place] if place.is_file() else sorted(place.glob("*.py"))
        text = "".join(file.read_text() for file in files)
        for name in re.findall(r"`(\w+)`", row[0]):
            assert f"class {name}(" in text or f"class {name}:" in text, name
