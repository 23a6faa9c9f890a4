"""The recipes of the justfile, run by just in a fleet in order and in a broken one."""

from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from tests.checkout import Done, run
from tests.examples import PROGRAMS, example, with_programs


@pytest.fixture
def recipes(fleet: Workshop) -> Workshop:
    """Return a fleet with the justfile in it."""
    fleet.write("justfile", example("justfile"))
    fleet.commit("Add recipes")
    return fleet


def _just(fleet: Workshop, *arguments: str) -> Done:
    return run(fleet.top, with_programs(), str(PROGRAMS / "just"), *arguments)


def _break(fleet: Workshop) -> None:
    fleet.source("secrets/db.age", "postgres://new\n")
    fleet.stage()


def test_every_recipe_is_run_below(recipes: Workshop) -> None:
    done = _just(recipes, "--summary")
    assert set(done.output.split()) == {"check", "check-branch", "fix", "fleet", "page"}


def test_check(recipes: Workshop) -> None:
    assert _just(recipes).code == 0
    assert _just(recipes, "check", "--strict").code == 0
    _break(recipes)
    done = _just(recipes)
    assert done.code == 1
    assert "output-stale" in done.output


def test_check_branch(recipes: Workshop) -> None:
    recipes.git.run("branch", "a;base")
    recipes.write("README.md", "Another text.\n")
    recipes.commit("Write")
    assert _just(recipes, "check-branch", "a;base").code == 0
    _break(recipes)
    recipes.commit("Edit")
    recipes.write("README.md", "Yet another text.\n")
    recipes.commit("Write")
    done = _just(recipes, "check-branch", "a;base")
    assert done.code == 1
    assert "output-stale" in done.output


def test_fix(recipes: Workshop, tmp_path: Path) -> None:
    key = tmp_path / "master.key"
    key.write_text(f"{recipes.identity}\n")
    _break(recipes)
    assert _just(recipes, "fix").code != 0
    assert _just(recipes, "fix", "-i", str(key)).code == 0
    assert _just(recipes).code == 0


def test_fleet(recipes: Workshop) -> None:
    done = _just(recipes, "fleet")
    assert done.code == 0
    assert "secrets/db.age" in done.output


def test_page(recipes: Workshop) -> None:
    done = _just(recipes, "page", "a page.html")
    assert done.code == 0, done.output
    assert "<html" in (recipes.top / "a page.html").read_text()
    _break(recipes)
    done = _just(recipes, "page")
    assert done.code == 1
    assert "output-stale" in (recipes.top / "agenix-check.html").read_text()
