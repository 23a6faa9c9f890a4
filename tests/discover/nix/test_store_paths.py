"""Paths come back as places in the repository, and those outside are said to be outside."""

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.model.declaration import DeclaredPath
from tests.discover.nix.flakes import only_node


def _place(workshop: Workshop, path: str) -> DeclaredPath:
    """Return where a source is that is declared by this Nix code."""
    node = only_node(workshop, "{ }", f"{{ db.rekeyFile = {path}; }}")
    return node.secrets[0].source


@pytest.fixture
def sources(workshop: Workshop) -> Workshop:
    """Return a repository with a few files, two of them alike."""
    workshop.write("secrets/db.age", "one\n")
    workshop.write("secrets/wifi.age", "two\n")
    workshop.write("other/wifi.age", "two\n")
    workshop.write("other/deep/wi fi.age", "three\n")
    return workshop


@pytest.mark.parametrize(
    "path",
    [
        "./secrets/db.age",
        './. + "/secrets/db.age"',
        '"${self}/secrets/db.age"',
        'self + "/other/../secrets/db.age"',
        'self.outPath + "//secrets/./db.age"',
        "toString ./secrets/db.age",
    ],
)
def test_a_path_in_the_flakes_tree(sources: Workshop, path: str) -> None:
    assert _place(sources, path) == DeclaredPath(path="secrets/db.age")


def test_a_file_that_is_not_there_has_its_place(sources: Workshop) -> None:
    assert _place(sources, "./secrets/new.age") == DeclaredPath(path="secrets/new.age")
    assert _place(sources, "./new/new.age") == DeclaredPath(path="new/new.age")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ('"${./secrets/db.age}"', "secrets/db.age"),
        ("builtins.path { path = ./secrets/db.age; }", "secrets/db.age"),
        ('builtins.path { path = ./secrets/db.age; name = "else"; }', "secrets/db.age"),
        ('"${./secrets}/wifi.age"', "secrets/wifi.age"),
        ('"${./other}/wifi.age"', "other/wifi.age"),
        (
            'builtins.path { path = ./other; name = "x"; } + "/deep/wi fi.age"',
            "other/deep/wi fi.age",
        ),
        ("builtins.path { path = ./secrets/wifi.age; }", "other/wifi.age"),
        ('builtins.filterSource (path: type: true) ./. + "/secrets/wifi.age"', "secrets/wifi.age"),
    ],
)
def test_a_copy_in_the_store_is_found_by_content(sources: Workshop, path: str, place: str) -> None:
    assert _place(sources, path) == DeclaredPath(path=place)


@pytest.mark.parametrize("path", ["/etc/passwd", "/nix/store", "secrets/db.age", "~/x.age", ""])
def test_a_path_elsewhere_is_outside(sources: Workshop, path: str) -> None:
    assert _place(sources, f'"{path}"') == DeclaredPath(path=None, outside=path)


def test_a_path_that_leaves_the_tree_is_outside(sources: Workshop) -> None:
    place = _place(sources, '"${self}/../../../etc/passwd"')
    assert place.path is None
    assert place.outside is not None
    assert place.outside.endswith("/../../../etc/passwd")


def test_a_copy_of_something_else_is_outside(sources: Workshop) -> None:
    place = _place(sources, 'toString (builtins.toFile "db.age" "from nowhere")')
    assert place.path is None
    assert place.outside is not None
    assert place.outside.endswith("-db.age")
    assert _place(sources, '"${./secrets}/none.age"').path is None


def test_a_storage_directory_that_is_a_copy_is_outside(sources: Workshop) -> None:
    node = only_node(sources, '{ localStorageDir = "${./secrets}"; }')
    assert node.storage is not None
    assert node.storage.path is None
