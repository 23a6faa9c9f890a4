"""What `.nix` files said, read at once, is what they say commit by commit."""

import random

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.tree.nix_past import NixPast
from tests.audit.scenes import judge

WORDS = (b"red", b"green", b"blue-green", b"it's")
FILES = (b"red.age", b"tar.age", b"star.age")


def texts_of(fleet: Workshop, commit: str) -> list[bytes]:
    """Return the `.nix` files of a commit."""
    paths = fleet.git.run("ls-tree", "-r", "--name-only", commit).decode().splitlines()
    return [fleet.git.run("show", f"{commit}:{one}") for one in paths if one.endswith(".nix")]


@pytest.mark.parametrize("seed", range(4))
def test_it_says_what_every_commit_says(fleet: Workshop, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - to vary what is said
    for _ in range(8):
        said = b" ".join([*dice.sample(WORDS, 2), b"../" + dice.choice(FILES)])
        path = f"m{dice.randrange(3)}.nix"
        if dice.random() < 0.2 and (fleet.top / path).exists():
            fleet.remove(path)
        else:
            fleet.write(path, said + b"\n")
        fleet.write("notes.txt", f"{dice.random()}\n")
        fleet.commit("Say something")
    line = fleet.git.run("rev-list", "--reverse", "HEAD").decode().split()
    texts = {commit: b"\n".join(texts_of(fleet, commit)) for commit in line}

    past = NixPast(fleet.git, "HEAD")

    for at, commit in enumerate(line):
        near = line[max(at - 1, 0) : at + 1]
        for word in WORDS:
            later = [texts[one].replace(b"\n", b" ").split() for one in (near[0], *line[at:])]
            assert past.knows_word(word, commit)
            assert past.stood_since(word, commit) == any(word in one for one in later)
        for file in FILES:
            assert past.knows_file(file, commit)
            assert past.stood_at(file, commit) == any(file in texts[one] for one in near)


def test_what_it_cannot_say_is_asked_of_git(fleet: Workshop) -> None:
    past = NixPast(fleet.git, "HEAD")
    head = fleet.git.run("rev-parse", "HEAD").decode().strip()

    assert not past.knows_word(b"a/b", head)
    assert not past.knows_word(b"word", "0" * 40)
    assert not past.knows_file(b"no-ending", head)


@pytest.mark.parametrize("number", [3, 12])
def test_many_secrets_that_no_module_names_any_more_are_judged_as_few(
    fleet: Workshop, number: int
) -> None:
    names = [f"extra{one}" for one in range(number)]
    fleet.write("extra.nix", "".join(f"{name} = ./{name}.age;\n" for name in names))
    for name in names:
        fleet.rekey("alpha", name, fleet.source(f"secrets/{name}.age", "a\n"), "a\n")
    fleet.commit("Declare them")
    for name in names:
        fleet.source(f"secrets/{name}.age", "b\n")
    fleet.commit("Edit them")
    fleet.write("extra.nix", "".join(f"{name} = ./{name}.age;\n" for name in names[::2]))
    fleet.commit("Drop some")
    for options in ({}, {"no_cache": False}, {"no_cache": False}):
        rules = {one.secret: one.rule for one in judge(fleet, **options).findings if one.secret}
        assert rules == {
            name: "output-orphan" if at % 2 else "output-stale" for at, name in enumerate(names)
        }
