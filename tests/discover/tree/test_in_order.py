"""Outputs of a large fleet that are seen in bulk: only right ones, and the verdict is the same."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agenix_check import large_fleet
from agenix_check.demo.workshop import Workshop
from agenix_check.discover.tree.in_order import leave_out_in_order
from agenix_check.discover.tree.settled import Rest
from agenix_check.git.snapshot import path_of
from agenix_check.keys.encrypt import encrypt
from agenix_check.model import fleet as model_fleet
from agenix_check.model.settings import Settings
from agenix_check.view import View
from tests.audit.scenes import WIFI
from tests.audit.test_carried import say, say_in_whole
from tests.conftest import SECRETS
from tests.host_keys import BETA, HOSTS, OTHER

LeftOut = list[set[str] | None]


@pytest.fixture
def left_out(monkeypatch: pytest.MonkeyPatch) -> LeftOut:
    """Let small fleets count as large; return what was left out, None where all was looked at."""
    monkeypatch.setattr(model_fleet, "_MANY_OUTPUTS", 1)
    seen: LeftOut = []
    real = leave_out_in_order

    def spy(view: View, settings: Settings) -> Rest | None:
        rest = real(view, settings)
        if model_fleet.are_many(1):
            seen.append(None if rest is None else {*map(path_of, rest.view.snapshot.left_out)})
        return rest

    monkeypatch.setattr(large_fleet, "leave_out_in_order", spy)
    return seen


def _encrypt(more: bytes, *keys: str) -> Callable[[Path], object]:
    """Encrypt an output anew with `more` behind its text, for some keys; none stand for its own."""

    def encrypt_anew(path: Path) -> None:
        node, name = path.parent.name, path.stem.partition("-")[2]
        (text,) = {text for _, one, text, nodes in SECRETS if one == name and node in nodes}
        recipients = [key.strip() or HOSTS[node].strip() for key in keys]
        path.write_bytes(encrypt(text.encode() + more, recipients))

    return encrypt_anew


def _edit(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(change(path.read_bytes()))


def _weaken(content: bytes) -> bytes:
    """Take a share that is of low order."""
    words = content.split(b"\n")[1].split(b" ")
    return content.replace(words[3], b"A" * 43, 1)


def _link(path: Path) -> None:
    path.unlink()
    path.symlink_to("elsewhere")


def _other(path: Path) -> Path:
    return next(one for one in sorted(path.parent.iterdir()) if one != path)


def _copy(path: Path) -> None:
    shutil.copy(_other(path), path)


def _repeat(path: Path) -> None:
    """Give a node two outputs of one secret."""
    other = _other(path)
    other.rename(other.with_name(other.name[:32] + path.name[32:]))


def _nest(path: Path) -> None:
    below = path.parent / f"{'a' * 32}-group"
    below.mkdir()
    path.rename(below / path.name)


BREAKS: dict[str, Callable[[Path], object]] = {
    "for another": _encrypt(b"", OTHER),
    "for another too": _encrypt(b"", "", OTHER),
    "longer": _encrypt(b".", ""),
    "cut": _edit(lambda content: content[:-1]),
    "no payload": _edit(lambda content: content.partition(b"\n--- ")[0] + b"\n"),
    "a header that ends the file": _edit(lambda one: one[: one.index(b"\n", one.index(b"\n---"))]),
    "malformed": _edit(lambda content: content.replace(b"\n--- ", b"\n---- ", 1)),
    "of low order": _edit(_weaken),
    "armored": _edit(lambda _: b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n"),
    "empty": _edit(lambda _: b""),
    "plain": _edit(lambda _: b"plain text\n"),
    "large": _edit(lambda _: os.urandom(2 << 20)),
    "a link": _link,
    "a program": lambda path: path.chmod(0o755),
    "a copy": _copy,
    "repeated": _repeat,
    "nested": _nest,
    "a leftover": lambda path: path.rename(path.parent / f".tmp.agenix-rekey.x-{path.name}"),
    "gone": Path.unlink,
}


def _settle_one(fleet: Workshop, left_out: LeftOut) -> str:
    """Return an output that is seen in bulk; which it is depends on the idents of the fleet."""
    assert say(fleet.top, "--no-cache") == say_in_whole(fleet.top)
    (paths,) = left_out
    left_out.clear()
    return min(paths or ())


@pytest.mark.parametrize("name", BREAKS)
@pytest.mark.parametrize("committed", [True, False], ids=["committed", "staged"])
def test_what_is_not_in_order_is_judged_by_itself(
    fleet: Workshop, left_out: LeftOut, name: str, *, committed: bool
) -> None:
    path = _settle_one(fleet, left_out)
    BREAKS[name](fleet.top / path)
    if committed:
        fleet.commit("Break it")
        fleet.write("README.md", "Go on.\n")
    fleet.stage()
    for form in ("text", "json"):
        assert say(fleet.top, "--no-cache", "--format", form) == say_in_whole(
            fleet.top, "--format", form
        )
    assert left_out
    assert all(path not in (found or ()) for found in left_out)


def test_keys_and_sources_that_two_share_are_looked_at(fleet: Workshop, left_out: LeftOut) -> None:
    fleet.host("twin", BETA)
    fleet.rekey("twin", "wifi", WIFI, "correct horse\n")
    fleet.commit("Add a twin")
    assert say(fleet.top, "--no-cache") == say_in_whole(fleet.top)
    assert left_out == [None]


@pytest.mark.parametrize("link", ["secrets/link.age", "current"])
def test_a_link_leads_to_an_output_that_is_in_order(
    fleet: Workshop, left_out: LeftOut, link: str
) -> None:
    place = fleet.top / link
    place.symlink_to(os.path.relpath(fleet.top / _settle_one(fleet, left_out), place.parent))
    fleet.commit("Link to an output")
    fleet.write("README.md", "Go on.\n")
    fleet.stage()
    assert say(fleet.top, "--no-cache") == say_in_whole(fleet.top)
    assert left_out == [None]


def _place_new(fleet: Workshop, name: str, *, first: bool, nodes: tuple[str, ...]) -> None:
    """Give nodes an output whose name comes first in their directories, or does not."""
    homes = {node: fleet.top / f"{fleet.storage}/{node}" for node in nodes}
    least = {node: min(one.name for one in home.iterdir()) for node, home in homes.items()}
    for number in range(1000):
        source = fleet.source("secrets/new.age", f"{number:03}")
        paths = {node: Path(fleet.output_path(node, name, source)) for node in nodes}
        if all((paths[node].name < least[node]) is first for node in nodes):
            break
    for node in nodes:
        fleet.rekey(node, name, source, f"{number:03}")


def test_of_a_directory_with_a_new_output_one_is_left_that_was_there_before(
    fleet: Workshop, left_out: LeftOut
) -> None:
    fleet.source(f"{fleet.storage}/beta/inner.age", "in a storage directory\n")
    fleet.commit("Put a source where agenix rekey deletes it")
    _place_new(fleet, "new", first=True, nodes=("beta",))
    fleet.commit("Give beta, whose directory and key are known, a secret")
    for form in ("text", "json"):  # which of them say what is new, and who is
        arguments = ("--rev", "HEAD", "--format", form)
        assert say(fleet.top, *arguments, "--no-cache") == say_in_whole(fleet.top, *arguments)
    assert all(left_out)


def test_a_second_name_of_a_secret_gives_nobody_more(fleet: Workshop, left_out: LeftOut) -> None:
    path = fleet.top / _settle_one(fleet, left_out)
    node, name = path.parent.name, path.stem.partition("-")[2]
    (source, text) = next(
        (source, text) for source, one, text, nodes in SECRETS if one == name and node in nodes
    )
    say(fleet.top)  # what is settled is remembered
    another = fleet.rekey(node, "another", source, text)
    for step in ("it comes", "it goes"):
        fleet.stage()
        whole = say_in_whole(fleet.top)
        assert say(fleet.top, "--no-cache") == say(fleet.top) == whole
        fleet.commit(step)
        (fleet.top / another).unlink(missing_ok=True)


def test_a_name_without_a_secret_is_no_output(fleet: Workshop, left_out: LeftOut) -> None:
    _place_new(fleet, "", first=False, nodes=("alpha", "beta"))
    fleet.commit("Add files that are named like outputs, but for no secret")
    fleet.write("README.md", "Go on.\n")
    fleet.stage()
    for form in ("text", "junit"):
        arguments = ("--no-cache", "--format", form)
        assert say(fleet.top, *arguments) == say_in_whole(fleet.top, *arguments)
    assert all(left_out)


def test_an_object_that_is_not_here_is_said(fleet: Workshop, left_out: LeftOut) -> None:
    path = _settle_one(fleet, left_out)
    oid = fleet.git.run("rev-parse", f"HEAD:{path}").decode().strip()
    (fleet.top / f".git/objects/{oid[:2]}/{oid[2:]}").unlink()
    said = say(fleet.top, "--no-cache")
    assert said == say_in_whole(fleet.top)
    assert said.code == 3
    assert left_out == [None]
