"""A report that is carried over from another tree is what another look says, byte for byte."""

import io
import marshal
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agenix_check.cli import main
from agenix_check.demo.workshop import Workshop
from agenix_check.discover.tree import carried, evidence
from agenix_check.errors import AgenixCheckError
from agenix_check.git import documents
from agenix_check.git.objects import Blob, read_blobs
from agenix_check.git.process import Git
from agenix_check.model import fleet as model_fleet
from tests.audit.scenes import ALPHA_TOKEN, DB, old_output, rekey, rekey_all
from tests.conftest import SECRETS, build_fleet
from tests.host_keys import NEW, OTHER
from tests.pace import per_hundred

# More, and other ones: EXPLORE=1 EXAMPLES=100 .venv/bin/python -m pytest THIS_FILE
EXAMPLES = int(os.environ.get("EXAMPLES", "3"))
NAMES = ("--inventory", "names")
VIEWS = ((), ("--rev", "HEAD"), ("--from-ref", "HEAD~1", "--to-ref", "HEAD"), ("--worktree",))
FORMATS = ("text", "json", "junit", "html", "sarif", "github", "gitlab", "markdown")


class Said(NamedTuple):
    """What a run gave."""

    code: int
    out: str
    err: str


def say(top: Path, *arguments: str) -> Said:
    """Run the gate by names, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with chdir(top), redirect_stdout(out), redirect_stderr(err):
        code = main((*NAMES, *arguments))
    return Said(code, out.getvalue(), err.getvalue())


def write_page(shop: Workshop, number: int) -> None:
    shop.write(f"docs/{number % 3}.md", f"page {number}\n")


def write_module(shop: Workshop, number: int) -> None:
    shop.write(f"modules/{number % 2}.nix", f"{{ a = {number}; }}\n")


def name_no_secret(shop: Workshop, number: int) -> None:
    shop.write("hosts/alpha/default.nix", f"{{ a = {number}; }}\n")


def write_a_module_of_rules_name(shop: Workshop, number: int) -> None:
    shop.write("modules/secrets.nix", f"{{ config, ... }}: {{ a = {number}; }}\n")


def name_a_secret(shop: Workshop, number: int) -> None:
    shop.write(f"modules/{number % 2}.nix", f'{{ a = "{number} token alpha-token.age"; }}\n')


def take_a_page_away(shop: Workshop, _: int) -> None:
    shutil.rmtree(shop.top / "docs", ignore_errors=True)


def rekey_token(shop: Workshop, number: int) -> None:
    text = "x" * (number % 9 + 1)
    shop.source(ALPHA_TOKEN, text)
    rekey(shop, "alpha", "token", ALPHA_TOKEN, text)


def forget_to_rekey(shop: Workshop, number: int) -> None:
    shop.source(ALPHA_TOKEN, "y" * (number % 9 + 1))


def leave_an_orphan(shop: Workshop, number: int) -> None:
    old = old_output(shop, "alpha", "token")
    content = shop.read(old)
    rekey_token(shop, number)
    shop.write(old, content)


def add_a_secret(shop: Workshop, number: int) -> None:
    source = f"secrets/new-{number}.age"
    shop.source(source, "new\n")
    shop.rekey("alpha", f"new-{number}", source, "new\n")


def add_an_unused_source(shop: Workshop, number: int) -> None:
    shop.source(f"secrets/unused-{number}.age", "nobody\n")


def rotate(shop: Workshop, number: int) -> None:
    shop.host("beta", (NEW, OTHER)[number % 2])


def rotate_and_rekey(shop: Workshop, number: int) -> None:
    shop.host("beta", (NEW, OTHER)[number % 2])
    for source, name, text, nodes in SECRETS:
        if "beta" in nodes:
            rekey(shop, "beta", name, source, text)


def rotate_and_keep_the_key(shop: Workshop, number: int) -> None:
    shop.write(f"keys/beta-{number}.pub", shop.read("hosts/beta/host.pub"))
    shop.host("beta", (NEW, OTHER)[number % 2])


def rekey_db(shop: Workshop, number: int) -> None:
    text = "z" * (number % 9 + 1)
    shop.source(DB, text)
    rekey_all(shop, "db", DB, text)


def write_a_key_down(shop: Workshop, number: int) -> None:
    shop.write(f"docs/key-{number % 2}.md", f"the key is `{NEW.strip()}`\n")


def take_an_output_away(shop: Workshop, _: int) -> None:
    for one in sorted(shop.top.glob("secrets/rekeyed/beta/*"))[:1]:
        one.unlink()


def link(shop: Workshop, number: int) -> None:
    place = shop.top / f"links-{number}"
    if not place.is_symlink():
        place.symlink_to("secrets")


def grow_a_key_file(shop: Workshop, number: int) -> None:
    shop.write("hosts/alpha/host.pub", shop.read("hosts/alpha/host.pub") + b"\n" * (number % 3))


def merge(shop: Workshop, number: int) -> None:
    shop.commit("Before")
    shop.git.run("checkout", "--quiet", "-b", f"side-{number}", "HEAD~1")
    shop.write(f"side/{number}.md", "a page\n")
    shop.commit("Beside")
    shop.git.run("checkout", "--quiet", "main")
    shop.git.run("merge", "--quiet", "--no-edit", "-m", "Merge", f"side-{number}")
    shop.git.run("branch", "-D", f"side-{number}")


def leave_a_copy(shop: Workshop, _: int) -> None:
    """Give an output of beta the content of one of delta's."""
    theirs, ours = (sorted(shop.top.glob(f"secrets/rekeyed/{one}/*")) for one in ("delta", "beta"))
    ours[0].write_bytes(theirs[-1].read_bytes())


def alter_a_source(shop: Workshop, number: int) -> None:
    """Let a hook for text files at a source without outputs, and copy it."""
    altered = "secrets/altered.age"
    if not (shop.top / altered).exists():
        shop.source(altered, "nobody\n")
        shop.commit("Add a source")
    shop.write(altered, shop.read(altered) + b"\n")
    shop.write(f"secrets/copy-{number % 2}.age", shop.read(altered))


def take_back(shop: Workshop, _: int) -> None:
    shop.restore()
    shop.git.run("gc", "--quiet", "--prune=now")


def amend(shop: Workshop, number: int) -> None:
    shop.stage()
    shop.git.run("commit", "--quiet", "--amend", "-m", f"Amend {number}")


def go_back(shop: Workshop, number: int) -> None:
    shop.git.run("reset", "--quiet", ("--hard", "--soft")[number % 2], "HEAD~1")


def work_elsewhere(shop: Workshop, number: int) -> None:
    """Go on from an older commit; later perhaps merge what was left."""
    shop.commit("Leave it")
    shop.git.run("branch", "-f", "left")
    shop.git.run("checkout", "--quiet", "-B", "main", f"HEAD~{number % 2 + 1}")


def merge_what_was_left(shop: Workshop, _: int) -> None:
    shop.commit("Before")
    if shop.git.attempt("merge", "--quiet", "--no-ff", "-m", "Merge it", "left")[0]:
        shop.restore()


ACTS: tuple[Callable[[Workshop, int], None], ...] = (
    write_page, write_module, write_a_module_of_rules_name, name_a_secret, name_no_secret,
    take_a_page_away, rekey_token, forget_to_rekey, leave_an_orphan, add_a_secret,
    add_an_unused_source, rotate, rotate_and_rekey, rotate_and_keep_the_key, rekey_db,
    write_a_key_down, take_an_output_away, leave_a_copy, link, grow_a_key_file, merge,
    alter_a_source, take_back, amend, go_back, work_elsewhere, merge_what_was_left,
)  # fmt: skip
steps = st.tuples(
    st.sampled_from([*ACTS, write_page, write_page, write_module]),
    st.integers(0, 20),
    st.booleans(),
    st.sampled_from(VIEWS),
    st.sampled_from(FORMATS),
)


@pytest.fixture
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the sample fleet be as large as one of which only a part is looked at."""
    monkeypatch.setattr(model_fleet, "_MANY_OUTPUTS", 1)


def say_in_whole(top: Path, *arguments: str) -> Said:
    """Run the gate without memory, and look at every output by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_fleet, "_MANY_OUTPUTS", sys.maxsize)
        return say(top, *arguments, "--no-cache")


# To make a line of commits shorter takes longer than to read it.
@settings(per_hundred(EXAMPLES), phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.lists(steps, min_size=4, max_size=8))
@pytest.mark.usefixtures("_large")
def test_whatever_is_committed_memory_changes_no_byte(
    tmp_path_factory: pytest.TempPathFactory,
    line: list[tuple[Callable[[Workshop, int], None], int, bool, tuple[str, ...], str]],
) -> None:
    top = tmp_path_factory.mktemp("fleet")
    shop = build_fleet(top / "fleet")
    for act, number, ends, view, form in line:
        try:
            act(shop, number)
        except (AgenixCheckError, OSError, ValueError):  # what it does it to is gone
            continue
        shop.stage()
        for asked in {(), view}:
            for how in ("text", form, form):
                fresh = say_in_whole(shop.top, *asked, "--format", how)
                assert say(shop.top, *asked, "--format", how, "--no-cache") == fresh
                assert say(shop.top, *asked, "--format", how) == fresh
        if ends:
            shop.commit("Go on")
    shutil.rmtree(top)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], tuple[str, set[str]]]:
    """Return a function that gives what Git was asked since the last time: commands, and blobs."""
    blobs: set[str] = set()
    trace = tmp_path / "trace"

    def spy(git: Git, oids: Iterable[str], small: Iterable[str] = ()) -> Iterator[Blob]:
        asked, first = list(oids), list(small)
        blobs.update(asked, first)
        return read_blobs(git, asked, first)

    for reader in (evidence, carried):
        monkeypatch.setattr(reader, "read_blobs", spy)
    monkeypatch.setenv("GIT_TRACE", str(trace))

    def since() -> tuple[str, set[str]]:
        commands, found = trace.read_text(), set(blobs)
        trace.unlink()
        blobs.clear()
        return commands, found

    return since


def test_an_edit_of_no_interest_reads_nothing_of_the_outputs(
    fleet: Workshop, read: Callable[[], tuple[str, set[str]]]
) -> None:
    first = say(fleet.top)
    commands, blobs = read()
    assert " ls-tree " in commands
    assert len(blobs) > 20
    for number in range(3):
        write_page(fleet, number)
        name_no_secret(fleet, number)
        fleet.stage()
        read()
        assert say(fleet.top) == first
        commands, blobs = read()
        assert " ls-tree " not in commands
        assert 0 < len(blobs) <= 4 * (number + 1)
        fleet.commit("Go on")


def test_an_edit_that_decides_something_is_looked_at(fleet: Workshop) -> None:
    assert say(fleet.top).code == 0
    forget_to_rekey(fleet, 1)
    fleet.stage()
    assert say(fleet.top).code == 1
    fleet.restore()
    assert say(fleet.top).code == 0
    fleet.write("agenix-check.toml", "stric = true\n")
    fleet.stage()
    assert say(fleet.top).code == 2


@pytest.mark.parametrize("value", [None, 1, {"a": 1}, {"a": (1,)}, "tree", "flag"], ids=str)
def test_trees_of_another_shape_are_not_taken(fleet: Workshop, value: Any) -> None:
    first = say(fleet.top)
    file = fleet.top / ".git/agenix-check/trees"
    kinds = marshal.loads(file.read_bytes().partition(b"\n")[2][32:])  # noqa: S302 - our own
    ((kind, (tree,)),) = kinds.items()
    if value == "tree":
        value = {kind: (("x", *tree[1:]),)}
    elif value == "flag":
        value = {kind: ((*tree[:5], 7, 8),)}
    elif isinstance(value, dict):
        value = dict.fromkeys([kind], value["a"])
    header = file.read_bytes().partition(b"\n")[0] + b"\n"
    body = marshal.dumps(value)
    file.write_bytes(header + sha256(body).digest() + body)
    write_page(fleet, 1)
    fleet.stage()
    assert say(fleet.top) == first


@pytest.mark.parametrize("form", [one for one in FORMATS if one not in ("text", "github")])
def test_a_text_is_rendered_once(fleet: Workshop, form: str) -> None:
    fresh = say(fleet.top, "--format", form, "--no-cache")
    assert say(fleet.top, "--format", form) == fresh
    file = fleet.top / f".git/agenix-check/texts-{form}"
    known = file.read_bytes()
    (fleet.top / ".git/agenix-check/facts").unlink()
    assert say(fleet.top, "--format", form) == fresh
    assert not (fleet.top / ".git/agenix-check/facts").exists()
    # Another commit of no interest: all but the page says the same of other commits.
    write_page(fleet, 1)
    fleet.commit("Write a page")
    fresh = say(fleet.top, "--rev", "HEAD", "--format", form, "--no-cache")
    for _ in range(2):
        assert say(fleet.top, "--rev", "HEAD", "--format", form) == fresh
    header = known.partition(b"\n")[0] + b"\n"
    for value in (None, 1, {"a": 1}, dict.fromkeys(marshal.loads(known[len(header) + 32 :]), 1)):  # noqa: S302
        body = marshal.dumps(value)
        file.write_bytes(header + sha256(body).digest() + body)
        assert say(fleet.top, "--rev", "HEAD", "--format", form) == fresh
    file.write_bytes(known[:-1])
    assert say(fleet.top, "--rev", "HEAD", "--format", form) == fresh


def test_a_text_that_is_large_is_compressed(
    fleet: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "_PACKED", 100)
    for asked in ((), ("--rev", "HEAD")):
        fresh = say(fleet.top, *asked, "--format", "json", "--no-cache")
        for _ in range(2):
            assert say(fleet.top, *asked, "--format", "json") == fresh
    monkeypatch.setattr(documents, "MOST_TEXTS", 10)
    (fleet.top / ".git/agenix-check/texts-json").unlink()
    for _ in range(2):
        assert say(fleet.top, *asked, "--format", "json") == fresh


@pytest.mark.usefixtures("_large")
def test_of_a_large_fleet_only_what_may_have_changed_is_read(
    fleet: Workshop, read: Callable[[], tuple[str, set[str]]]
) -> None:
    assert say(fleet.top).code == 0
    forget_to_rekey(fleet, 1)
    fleet.stage()
    for asked in ((), ("--worktree",)):
        fresh = say_in_whole(fleet.top, *asked)
        assert fresh.code == 1
        _, everything = read()
        assert say(fleet.top, *asked) == fresh
        _, some = read()
        assert len(some) < len(everything)
    # Outputs that are left out and gone from the work tree are no new ones.
    for path in fleet.top.glob("secrets/rekeyed/gamma/*"):
        path.unlink()
    fresh = say_in_whole(fleet.top)
    assert say(fleet.top) == fresh


@pytest.mark.usefixtures("_large")
@pytest.mark.parametrize("value", [{}, {"kind": 1, "tree": 1}, "sources", 7], ids=str)
def test_settled_outputs_of_another_shape_are_not_taken(fleet: Workshop, value: Any) -> None:
    assert say(fleet.top).code == 0
    file = fleet.top / ".git/agenix-check/settled"
    header = file.read_bytes().partition(b"\n")[0] + b"\n"
    if value == "sources":
        value = {**marshal.loads(file.read_bytes()[len(header) + 32 :]), "by_source": 1}  # noqa: S302
    body = marshal.dumps(value)
    file.write_bytes(header + sha256(body).digest() + body)
    forget_to_rekey(fleet, 1)
    fleet.stage()
    assert say(fleet.top) == say(fleet.top, "--no-cache")
