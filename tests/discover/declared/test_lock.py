"""The lock file: written to merge, read with suspicion, and compared with what is declared."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.declared.lock import read_lock, render_lock
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.errors import CannotCheckError
from agenix_check.model.declaration import (
    Declaration,
    DeclaredNode,
    DeclaredPath,
    DeclaredSecret,
    MasterIdentity,
)
from agenix_check.model.frozen import replace
from agenix_check.report import schema
from tests.conftest import Run
from tests.discover.declared.estate import (
    DB,
    Estate,
    Secret,
    judge_all,
)
from tests.host_keys import ALPHA
from tests.pace import per_hundred

TEXTS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF),
    max_size=12,
)
NAMES = st.text("abc/ .é\n\udcff", min_size=1, max_size=8)
STEPS = st.text("ab. é\n\udcff", min_size=1, max_size=4).filter(
    lambda step: step not in (".", "..")
)
PATHS = st.lists(STEPS, max_size=3).map("/".join)
PLACES = st.builds(DeclaredPath, path=PATHS) | st.builds(
    DeclaredPath, path=st.none(), outside=st.none() | TEXTS
)  # fmt: skip
SECRETS = st.builds(
    DeclaredSecret,
    id=NAMES,
    name=TEXTS,
    source=PLACES,
    intermediary=st.booleans(),
    generator=st.none() | st.lists(TEXTS, max_size=2).map(tuple),
)
MASTERS = st.builds(MasterIdentity, identity=PLACES, pubkey=st.none() | TEXTS)


def _sorted(secrets: list[DeclaredSecret]) -> tuple[DeclaredSecret, ...]:
    return tuple(sorted(secrets, key=lambda secret: secret.id))


NODES = st.builds(
    DeclaredNode,
    name=NAMES,
    host_pubkey=TEXTS,
    storage_mode=st.just("local"),
    storage=PLACES,
    secrets=st.lists(SECRETS, max_size=3, unique_by=lambda one: one.id).map(_sorted),
    master_identities=st.lists(MASTERS, max_size=2).map(tuple),
    extra_recipients=st.lists(TEXTS, max_size=2).map(tuple),
)
DERIVED = NODES.map(lambda node: replace(node, storage_mode="derivation", storage=None))
DECLARATIONS = st.lists(NODES | DERIVED, max_size=3, unique_by=lambda node: node.name).map(
    lambda nodes: Declaration(nodes=tuple(sorted(nodes, key=lambda node: node.name)))
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(DECLARATIONS)
def test_it_is_read_as_it_was_written(declaration: Declaration) -> None:
    text = render_lock(declaration)

    assert read_lock(text) == declaration
    assert text.isascii()
    assert render_lock(read_lock(text)) == text


@per_hundred(50)
@given(DECLARATIONS)
def test_it_is_as_its_schema_says(declaration: Declaration) -> None:
    described = json.loads(schema.render("lock"))

    jsonschema.Draft202012Validator(described).validate(json.loads(render_lock(declaration)))


def test_the_schema_is_a_valid_one(tmp_path: Path, run: Run) -> None:
    printed = run(tmp_path, "schema", "lock")

    assert (printed.code, printed.stderr) == (0, "")
    jsonschema.Draft202012Validator.check_schema(json.loads(printed.stdout))
    assert run(tmp_path, "schema", "report").stdout == run(tmp_path, "schema").stdout


def test_the_schema_refuses_what_is_no_lock(estate: Estate) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema.render("lock")))
    document = json.loads(estate.shop.read(LOCK))
    validator.validate(document)

    for place in ("hostPubkey", "storage", "secrets"):
        broken = deepcopy(document)
        del broken["nodes"]["nixos:alpha"][place]
        assert not validator.is_valid(broken)
    document["more"] = 1
    assert not validator.is_valid(document)


@given(text=st.text() | JSON.map(json.dumps))
def test_anything_else_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(CannotCheckError) as caught:
        read_lock(text)

    assert str(caught.value).startswith(LOCK)


LOCKED = render_lock(
    Declaration(
        nodes=(
            DeclaredNode(
                name="nixos:alpha", host_pubkey=ALPHA, storage_mode="local",
                storage=DeclaredPath(path="secrets"),
                secrets=(
                    DeclaredSecret(
                        id="db", name="db", source=DeclaredPath(path=DB), intermediary=False,
                        generator=("x",),
                    ),
                ),
                master_identities=(
                    MasterIdentity(identity=DeclaredPath(path=None, outside="/x"), pubkey="age1"),
                ),
                extra_recipients=("age1",),
            ),
        )
    )
)  # fmt: skip


def _places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(place for key, one in inner for place in _places(one, (*path, key)))]


@given(place=st.sampled_from(_places(json.loads(LOCKED))[1:]), value=JSON)
def test_a_value_of_another_kind_is_refused_or_read_as_it_is(
    place: tuple[str | int, ...], value: object
) -> None:
    document = json.loads(LOCKED)
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value

    try:
        declaration = read_lock(json.dumps(document))
    except CannotCheckError:
        return
    assert read_lock(render_lock(declaration)) == declaration


@given(st.integers(0, len(LOCKED) - 3))
def test_a_cut_file_is_refused(length: int) -> None:
    with pytest.raises(CannotCheckError, match="write it anew: agenix-check fleet --lock"):
        read_lock(LOCKED[:length])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"secrets"', '"../secrets"', "storage is not a path inside the repository"),
        ('"secrets/db.age"', '"/etc/passwd"', "source is not a path inside the repository"),
        ('"secrets/db.age"', '"secrets/../../x"', "source is not a path inside"),
        ('"secrets/db.age"', '"secrets//db.age"', "source is not a path inside"),
        ('"secrets/db.age"', '"./db.age"', "source is not a path inside"),
        ('"secrets/db.age"', '"secrets/"', "source is not a path inside"),
        ('"secrets/db.age"', '"\\u0000"', "source is not a text"),
        ('"secrets/db.age"', '"\\ud800"', "source is not a text"),
        ('"local"', '"remote"', "storageMode is not one of local, derivation"),
        ('"storage": "secrets"', '"storage": null', "storage is not a path"),
        ('"intermediary": false', '"intermediary": 0', "intermediary is not true or false"),
        ("lock/1", "lock/2", "is of another version"),
        ('"pubkey"', '"identity"', "identity is not unique"),
        ('{\n "nodes"', '<<<<<<< HEAD\n{\n "nodes"', "has Git conflict markers"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, words: str) -> None:
    text = LOCKED.replace(old, new, 1) if old != '"secrets"' else LOCKED.replace(
        '"storage": "secrets"', '"storage": "../secrets"'
    )  # fmt: skip

    with pytest.raises(CannotCheckError) as caught:
        read_lock(text)

    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "1" * 5000, "", "\ufeff{}"])
def test_what_is_no_json_is_said_so(text: str) -> None:
    with pytest.raises(CannotCheckError, match="agenix-check fleet --lock"):
        read_lock(text)


def test_a_long_name_is_cut() -> None:
    with pytest.raises(CannotCheckError) as caught:
        read_lock(json.dumps({"schema": "agenix-check/lock/1", "nodes": {"x" * 100_000: 1}}))

    assert len(str(caught.value)) < 300


def test_a_malformed_lock_file_ends_the_run_with_3(estate: Estate, run: Run) -> None:
    estate.shop.write(LOCK, "{\n")
    estate.edit(DB, "another\n")
    estate.shop.stage()

    done = run(estate.shop.top, "--inventory", "lock")

    assert done.code == 3
    (line,) = done.stderr.splitlines()
    assert line.startswith("agenix-check: could not check: agenix-check.lock is not JSON: ")
    assert "output-stale" in done.stdout  # what names tell


@pytest.mark.parametrize("target", ["../outside", "secrets/db.age", "/etc/hostname"])
def test_a_lock_file_that_is_a_symlink_is_not_followed(
    estate: Estate, run: Run, target: str
) -> None:
    (estate.shop.top.parent / "outside").write_bytes(estate.shop.read(LOCK))
    estate.shop.remove(LOCK)
    (estate.shop.top / LOCK).symlink_to(target)
    estate.shop.stage()

    done = run(estate.shop.top, "--inventory", "lock")

    assert (done.code, done.stderr) == (
        3, "agenix-check: could not check: agenix-check.lock is not a regular file\n"
    )  # fmt: skip
    written = run(estate.shop.top, "fleet", "--lock")
    assert (written.code, written.stdout) == (2, "")
    assert str((estate.shop.top / LOCK).readlink()) == target


def test_no_lock_file_is_said_so(workshop: Workshop, run: Run) -> None:
    workshop.write("x", "")
    workshop.stage()

    done = run(workshop.top, "--inventory", "lock")

    assert done.code == 3
    assert "there is no agenix-check.lock in this tree" in done.stderr


def test_a_lock_file_of_a_large_fleet_is_read(estate: Estate) -> None:
    node = estate.nodes["delta"]
    node.mode = "derivation"
    node.secrets = {f"secret-{number:05}": Secret(DB) for number in range(9000)}
    for file in (estate.shop.top / "secrets/rekeyed/delta").iterdir():
        file.unlink()

    report = judge_all(estate)

    assert len(estate.shop.read(LOCK)) > 1 << 20
    assert report.incomplete == ()
    assert report.counts.skipped == 9000
