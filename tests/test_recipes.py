"""The recipes of CONTRIBUTING, followed to the letter in a copy, and what comes of them."""

import json
import os
import re
import shlex
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from agenix_check.age import RECIPIENT_KINDS, Stanza, render_header
from agenix_check.age.encoding import encode_bech32
from agenix_check.demo.workshop import Workshop
from tests.age.points import multiple
from tests.age.strategies import text64
from tests.audit.scenes import ALPHA_TOKEN, old_output, rekey
from tests.checkout import ROOT, publish
from tests.conftest import Result
from tests.pace import PATIENCE
from tests.recipes import Recipe, apply, read_recipe


class Copy:
    """A copy of this checkout in which a recipe was followed."""

    def __init__(self, top: Path, title: str) -> None:
        self.top, _ = publish(top)
        (self.top / ".cache").mkdir()
        for package in (ROOT / ".cache").iterdir():  # what tests/setup/packages.sh fetched
            (self.top / ".cache" / package.name).symlink_to(package)
        self.recipe: Recipe = read_recipe(title)
        assert self.recipe.edits
        for edit in self.recipe.edits:
            apply(edit, self.top)

    def execute(self, command: str, *arguments: str) -> Result:
        """Run a command of the recipe: its variables, and a module of this Python."""
        words = shlex.split(command)
        variables = dict(word.split("=") for word in words if "=" in word)
        assert words[len(variables)] == ".venv/bin/python"
        return self._python(self.top, *words[len(variables) + 1 :], *arguments, **variables)

    def renew(self) -> None:
        """Renew what is made from the package; README did not say it before."""
        assert self.recipe.commands[0].startswith("UPDATE_README=1 ")
        renew = self.recipe.commands[0]
        few = ("-q", "-p", "no:cacheprovider", "-k", "test_the_block")
        assert self.execute(renew.removeprefix("UPDATE_README=1 "), *few).code == 1
        done = self.execute(renew, *few)
        assert done.code == 0, done
        edited = {edit.file for edit in self.recipe.edits} | {"README.md"}
        made = self.changed() - edited
        assert edited <= self.changed()
        assert made
        assert all(one.startswith(("docs/rules/", "docs/settings.md", "share/")) for one in made)

    def renew_golden(self) -> None:
        """Renew the reports that hold every rule; they did not fit before."""
        (renew,) = (one for one in self.recipe.commands if one.startswith("UPDATE_GOLDEN=1 "))
        few = ("-q", "-p", "no:cacheprovider", "-k", "as_before and sarif")
        assert self.execute(renew.removeprefix("UPDATE_GOLDEN=1 "), *few).code == 1
        done = self.execute(renew, *few)
        assert done.code == 0, done

    def test(self, selection: str, code: int = 0) -> str:
        """Run some of the tests that the last command runs; return what they say."""
        few = ("-q", "-p", "no:cacheprovider", "-k", selection)
        done = self.execute(self.recipe.commands[-1], *few)
        assert done.code == code, done
        return done.stdout

    def run(self, directory: Path, *arguments: str) -> Result:
        """Run the copy's program."""
        return self._python(directory, "-W", "error", "-m", "agenix_check", *arguments)

    def changed(self) -> set[str]:
        """Return the files that differ from this checkout."""
        command = ("git", "status", "--porcelain", "--untracked-files=all")
        lines = subprocess.check_output(command, cwd=self.top, text=True).splitlines()
        return {line[3:] for line in lines}

    def readme(self) -> str:
        """Return the copy's README."""
        return (self.top / "README.md").read_text()

    def _python(self, directory: Path, *arguments: str, **variables: str) -> Result:
        dropped = ("PYTEST_", "UPDATE_")
        kept = {name: text for name, text in os.environ.items() if not name.startswith(dropped)}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=directory,
            env={**kept, "PYTHONPATH": str(self.top), "COLUMNS": "80", **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def copy(tmp_path: Path, request: pytest.FixtureRequest) -> Copy:
    """Return a copy in which the recipe was followed that the test names."""
    return Copy(tmp_path / "copy", request.param)


def follow(title: str) -> pytest.MarkDecorator:
    """Let a test have a copy in which a recipe was followed."""
    return pytest.mark.parametrize("copy", [title], indirect=True)


@follow("A rule")
def test_a_rule(copy: Copy, fleet: Workshop) -> None:
    listed = copy.run(fleet.top, "explain").stdout
    assert re.search(r"^source-large +warning +a source is larger than", listed, re.MULTILINE)
    assert "has more than 64 KiB" in copy.run(fleet.top, "explain", "source-large").stdout

    fleet.source(ALPHA_TOKEN, "x" * 70000)
    rekey(fleet, "alpha", "token", ALPHA_TOKEN, "x" * 70000)
    fleet.stage()
    sarif = Path(f"{copy.top}.sarif")
    found = copy.run(fleet.top, "--strict", "--output", f"sarif={sarif}")
    assert (found.code, found.stderr) == (1, "")
    assert "its plaintext has more than 64 KiB" in found.stdout
    (tool,) = (one["tool"] for one in json.loads(sarif.read_text())["runs"])
    (rule,) = (one for one in tool["driver"]["rules"] if one["id"] == "source-large")
    assert rule["shortDescription"]["text"] == "A source is larger than a secret usually is."
    ignored = copy.run(fleet.top, "--strict", "--ignore", "source-large")
    assert ignored.code == 0, ignored

    copy.renew()
    row = "| `source-large` | warning | a source is larger than a secret usually is |\n"
    assert row in copy.readme()
    copy.renew_golden()
    copy.test(
        "source-large or source-empty or said_to_be_fixed or no_scenario or contract "
        "or every_rule_is_tried or (as_before and sarif)"
    )


@follow("A format")
def test_a_format(copy: Copy, fleet: Workshop) -> None:
    said = copy.run(fleet.top, "--help").stdout
    assert "  paths      scripts that open what is wrong\n" in said
    assert ",paths," in said

    fleet.source("secrets/alpha-token.age", "another\n")
    fleet.stage()
    report = Path(f"{copy.top}.paths")
    found = copy.run(fleet.top, "--format", "paths", "--output", f"paths={report}")
    assert found == Result(1, f"{old_output(fleet, 'alpha', 'token')}\n", "")
    assert report.read_text() == found.stdout

    copy.renew()
    assert "| `paths` | scripts that open what is wrong |\n" in copy.readme()
    said = copy.test("(printable_in and paths) or declaration_is_of_its_file")
    assert "3 passed" in said

    format_ = copy.top / copy.recipe.edits[0].file
    format_.write_text(format_.read_text().replace("visible(path)", "path"))
    assert "2 failed" in copy.test("printable_in and paths", code=1)


@follow("A verb")
def test_a_verb(copy: Copy, fleet: Workshop) -> None:
    assert "  kinds      list the kinds of recipient\n" in copy.run(fleet.top, "--help").stdout
    assert copy.run(fleet.top, "kinds") == Result(
        0, "".join(f"{kind}\n" for kind in RECIPIENT_KINDS), ""
    )
    assert "tpm age1tpm\n" in copy.run(fleet.top, "kinds", "--prefixes").stdout
    wrong = copy.run(fleet.top, "kinds", "--prefix")
    assert (wrong.code, wrong.stdout, len(wrong.stderr.splitlines())) == (2, "", 1)
    assert "--prefixes" in wrong.stderr

    copy.renew()
    assert "  kinds      list the kinds of recipient\n" in copy.readme()
    assert "3 passed" in copy.test("(help_of_each_verb and kinds) or help_names_all or nearest")


@follow("A kind of recipient")
def test_a_kind_of_recipient(copy: Copy, fleet: Workshop) -> None:
    point, other = (multiple(factor)[0] for factor in (3, 4))
    fleet.host("omega", encode_bech32("age1smartcard", point))
    output = fleet.output_path("omega", "token", ALPHA_TOKEN)
    fleet.write(output, smartcard_file(point))
    fleet.stage()
    shown = copy.run(fleet.top, "inspect", output).stdout
    assert f"  for a smartcard key with tag {tag_of(point)}\n" in shown
    right = copy.run(fleet.top)
    assert right.code == 0, right
    assert "10 outputs on 5 nodes: 8 ok" in right.stdout

    fleet.write(output, smartcard_file(other))
    fleet.stage()
    wrong = copy.run(fleet.top)
    assert wrong.code == 1, wrong
    assert "output-wrong-recipient" in wrong.stdout

    done = copy.test("smartcard or every_kind")
    assert " passed" in done
    matching = copy.top / copy.recipe.edits[-1].file
    matching.write_text(matching.read_text().replace("age1smartcard", "age1yubikey"))
    assert "1 failed" in copy.test("every_kind", code=1)


def tag_of(point: bytes) -> str:
    """Return the tag of a key in its stanzas."""
    return text64(sha256(point).digest()[:4])


def smartcard_file(point: bytes) -> bytes:
    """Return what could be an age file with `alpha`'s token for a key of the new kind."""
    stanza = Stanza(type="smartcard", args=(tag_of(point), text64(multiple(5)[0])), body=bytes(32))
    return render_header([stanza], bytes(32)) + bytes(16 + len("token of alpha\n") + 16)
