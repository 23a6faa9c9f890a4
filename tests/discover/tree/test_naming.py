"""The names of outputs: agenix-rekey's own formula, and maps from many to many."""

import json
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.tree import naming
from agenix_check.discover.tree.key_texts import KeyText, digest
from agenix_check.discover.tree.naming import (
    OutputFile,
    Trace,
    ident,
    output_file,
    output_path,
    trace,
)
from agenix_check.errors import CannotCheckError
from agenix_check.keys.encrypt import encrypt
from agenix_check.model.findings import Verdict
from tests.audit.scenes import judge_staged, of_rule, storage
from tests.host_keys import ALPHA, BETA, DELTA

# agenix-rekey, nix/output-derivation.nix.
FORMULA = """
{ key, source }: let
  pubkeyHash = builtins.hashString "sha256" key;
  secretHash = builtins.hashFile "sha256" source;
in builtins.substring 0 32 (builtins.hashString "sha256" (pubkeyHash + secretHash))
"""


@pytest.mark.parametrize("key", [ALPHA, ALPHA.strip(), DELTA, "/etc/ssh/host.pub", "Jörg's\n"])
def test_the_formula_is_that_of_nix(tmp_path: Path, key: str) -> None:
    source = tmp_path / "source.age"
    source.write_bytes(encrypt(b"x", [DELTA]))
    quoted = json.dumps(json.dumps(key))
    done = subprocess.run(
        [
            "nix", "--extra-experimental-features", "nix-command", "eval", "--impure", "--json",
            "--store", "dummy://", "--expr",
            f"({FORMULA}) {{ key = builtins.fromJSON {quoted}; source = {source}; }}",
        ],
        capture_output=True, check=False, text=True,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "NIX_STATE_DIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

    assert ident(digest(key), sha256(source.read_bytes()).hexdigest()) == json.loads(done.stdout)


IDENT = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("path", "directory", "name"),
    [
        (f"secrets/rekeyed/alpha/{IDENT}-db.age", "secrets/rekeyed/alpha", "db"),
        (f".rekey/alpha/{IDENT}-db.age", ".rekey/alpha", "db"),
        (f"{IDENT}-db.age", "", "db"),
        (f"a/{IDENT}-group/name.age", "a", "group/name"),
        (f"a/{IDENT}-one/two/three.age", "a", "one/two/three"),
        (f"a/{IDENT}-c++.conf.d.age", "a", "c++.conf.d"),
        (f"a/{IDENT}-0day.age", "a", "0day"),
        (f"a/{IDENT}--.age", "a", "-"),
        (f"a/{IDENT}-.age.age", "a", ".age"),
        (f"a/{IDENT}-ä\n\udcff.age", "a", "ä\n\udcff"),
    ],
)
def test_names_of_outputs(path: str, directory: str, name: str) -> None:
    assert output_file(path) == OutputFile(path, directory, IDENT, name)


@pytest.mark.parametrize(
    "path",
    [
        f"a/{IDENT}.age",
        f"a/{IDENT}-.age",
        f"a/{IDENT}-db",
        f"a/{IDENT}-db.age.bak",
        f"a/{IDENT[1:]}-db.age",
        f"a/0{IDENT}-db.age",
        f"a/{IDENT.upper()}-db.age",
        f"a/.tmp.agenix-rekey.db.x7/{IDENT}-db.age",
        "secrets/db.age",
    ],
)
def test_names_of_no_output(path: str) -> None:
    assert output_file(path) is None


def keys(*texts: str) -> Mapping[str, KeyText]:
    return {digest(text): KeyText(text, ("file",)) for text in texts}


@pytest.mark.parametrize("storage_", ["", "out", "secrets/rekeyed/alpha"])
@pytest.mark.parametrize("name", ["db", "group/token", "a-b.c", "x.age", "-dash", "a\nb"])
def test_a_name_that_is_written_is_read_as_the_same(storage_: str, name: str) -> None:
    made = ident(digest(ALPHA), "0" * 64)
    path = output_path(storage_, made, name)
    assert output_file(path) == OutputFile(path, storage_, made, name)


def test_one_ident_has_one_pair_and_one_pair_one_ident() -> None:
    sources = [sha256(bytes([number])).hexdigest() for number in range(5)]
    known = keys(ALPHA, ALPHA.strip(), BETA, DELTA)
    pairs = {ident(key, source): Trace(key, source) for key in known for source in sources}

    assert len(pairs) == 20
    assert trace(pairs, known, sources) == pairs


def test_an_ident_of_other_things_is_not_found() -> None:
    assert trace([IDENT], keys(ALPHA), ["0" * 64]) == {}
    assert trace([], keys(ALPHA), ["0" * 64]) == {}


def test_too_many_pairs_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [f"{number:064x}" for number in range(100)]
    many = {f"{number:064x}": KeyText(f"age1{number}", ()) for number in range(100)}

    monkeypatch.setattr(naming, "MOST_PAIRS", 10_000)  # to try as many as there may be takes 8 s
    assert trace([IDENT], many, sources) == {}
    monkeypatch.setattr(naming, "MOST_PAIRS", 9_999)
    with pytest.raises(CannotCheckError, match="100 keys and 100 sources"):
        trace([IDENT], many, sources)
    assert trace([], many, sources) == {}


def test_one_key_in_several_directories(fleet: Workshop) -> None:
    """A host and its home, say: each has its own directory and the same key."""
    path = fleet.output_path("alpha", "db", "secrets/db.age")
    for home in ("alpha-bob", "alpha-eve"):
        fleet.write(path.replace("/alpha/", f"/{home}/"), fleet.read(path))

    report = judge_staged(fleet)

    assert report.findings == ()
    nodes = {one.node for one in report.outputs if one.verdict is Verdict.OK}
    assert {storage("alpha"), storage("alpha-bob"), storage("alpha-eve")} <= nodes


def test_several_names_on_one_ident(fleet: Workshop) -> None:
    for name in ("db-copy", "postgres/password", "c++", "0day", "a.b.c"):
        fleet.rekey("alpha", name, "secrets/db.age", "postgres://db\n")

    report = judge_staged(fleet)

    assert report.findings == ()
    outputs = [one for one in report.outputs if one.node == storage("alpha")]
    assert len(outputs) == 8
    assert {one.source for one in outputs if one.secret == "c++"} == {"secrets/db.age"}


def test_identical_sources_in_several_places(fleet: Workshop) -> None:
    content = fleet.read("secrets/db.age")
    fleet.write("backup/database.age", content)
    fleet.write("hosts/alpha/db", content)

    report = judge_staged(fleet)

    assert report.findings == ()
    sources = {one.source for one in report.outputs if one.secret == "db"}
    assert sources == {"hosts/alpha/db"}  # the shortest of those with the secret's name


@pytest.mark.parametrize("path", ["secrets/password", "hosts/alpha/tls.key", "modules/x.bin"])
def test_sources_without_the_ending(fleet: Workshop, path: str) -> None:
    fleet.source(path, "x")
    fleet.rekey("alpha", "x", path, "x")

    report = judge_staged(fleet)

    assert report.findings == ()
    assert {one.source for one in report.outputs if one.secret == "x"} == {path}


def test_a_source_in_git_lfs_counts_by_its_oid(fleet: Workshop) -> None:
    for name in ("db", "wifi", "alpha-token", "gamma-token", "delta-token"):
        path = f"secrets/{name}.age"
        oid = sha256(fleet.read(path)).hexdigest()
        size = len(fleet.read(path))
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n"
        fleet.write(path, pointer)

    report = judge_staged(fleet)

    assert report.findings == ()
    assert report.counts.outputs == report.counts.unverifiable == 9


def test_a_source_that_changed_in_git_lfs_makes_its_outputs_stale(fleet: Workshop) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 200\n"
    oid = sha256(fleet.read("secrets/wifi.age")).hexdigest()
    fleet.write("secrets/wifi.age", pointer.format(oid))
    fleet.commit("Move a source to LFS")
    fleet.write("secrets/wifi.age", pointer.format("0" * 64))

    assert len(of_rule(judge_staged(fleet), "output-stale")) == 2
