"""Ten breaks that users of plain agenix make most, mended by doing only what the program says."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pyrage
import pytest

from agenix_check.demo.plain_sample import (
    ADMINS,
    HOSTS,
    READERS_OF,
    PlainSample,
    alices_identity,
)
from tests.conftest import Run
from tests.host_keys import NEW


class _Broken(NamedTuple):
    """What somebody did, and what a person types into a file where the program says so."""

    act: Callable[[PlainSample], object]
    rules: frozenset[str]
    edit: Callable[[PlainSample], object] | None = None
    edited: str = "secrets.nix"


def _replace(old: str, new: str) -> Callable[[PlainSample], None]:
    def act(sample: PlainSample) -> None:
        text = sample.shop.read("secrets.nix").decode()
        assert old in text
        sample.shop.write("secrets.nix", text.replace(old, new, 1))

    return act


def _staged(act: Callable[[PlainSample], object]) -> Callable[[PlainSample], None]:
    def act_and_stage(sample: PlainSample) -> None:
        act(sample)
        sample.shop.stage()

    return act_and_stage


def _torn(sample: PlainSample) -> None:
    whole = sample.shop.read("wifi.age")
    sample.shop.write(
        "wifi.age", b"<<<<<<< HEAD\n" + whole + b"\n=======\n" + whole + b">>>>>>> x\n"
    )


def _take_one(sample: PlainSample) -> None:
    sample.shop.write("wifi.age", sample.shop.git.run("show", "HEAD:wifi.age"))


_ALPHA = HOSTS["alpha"]
_RULE = '  "mail.age".publicKeys = admins ++ [ beta gamma ];\n'
BREAKS = {
    "a colleague left": _Broken(
        lambda one: one.rule(("alice",)), frozenset({"plain-unknown-recipient"})
    ),
    "a colleague came": _Broken(
        lambda one: one.rule((*ADMINS, "carol")), frozenset({"plain-missing-recipient"})
    ),
    "a host has another key": _Broken(
        _staged(_replace(_ALPHA, NEW.strip())),
        frozenset({"plain-missing-recipient", "plain-unknown-recipient"}),
    ),
    "a file was renamed": _Broken(
        lambda one: one.shop.git.run("mv", "mail.age", "post.age"),
        frozenset({"plain-missing-file", "plain-without-rule"}),
    ),
    "a file was deleted": _Broken(
        lambda one: one.shop.git.run("rm", "-q", "mail.age"), frozenset({"plain-missing-file"})
    ),
    "a rule was deleted": _Broken(
        lambda one: one.rule(ADMINS, without="mail.age"),
        frozenset({"plain-without-rule"}),
        _replace('  "wifi.age"', f'{_RULE}  "wifi.age"'),
    ),
    "a merge left its markers": _Broken(
        _staged(_torn), frozenset({"source-malformed"}), _take_one, "wifi.age"
    ),
    "an editor emptied a file": _Broken(
        _staged(lambda one: one.shop.write("wifi.age", "")), frozenset({"source-not-encrypted"})
    ),
    "a key was typed wrong": _Broken(
        _staged(_replace(_ALPHA, _ALPHA[:50] + _ALPHA[53:])),
        frozenset({"plain-invalid-key", "plain-unknown-recipient"}),
        _replace(_ALPHA[:50] + _ALPHA[53:], _ALPHA),
    ),
    "a list is in the list of keys": _Broken(
        _staged(_replace("admins ++ [ alpha ]", "[ admins alpha ]")),
        frozenset({"plain-invalid-key"}),
        _replace("[ admins alpha ]", "admins ++ [ alpha ]"),
    ),
}


@pytest.fixture
def alice(tmp_path: Path) -> Mapping[str, str]:
    """The variables of Alice, whose key is where agenix looks for it, and who has the program."""
    key = tmp_path / "alice/.ssh/id_ed25519"
    key.parent.mkdir(parents=True)
    key.write_text(alices_identity())
    key.chmod(0o600)
    program = tmp_path / "bin/agenix-check"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m agenix_check "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    return {"HOME": str(tmp_path / "alice"), "PATH": path}


@pytest.mark.parametrize("named", BREAKS)
def test_what_is_said_is_enough(
    tmp_path: Path, run: Run, alice: Mapping[str, str], named: str
) -> None:
    broken, sample = BREAKS[named], PlainSample(tmp_path / "fleet")
    sample.build()
    broken.act(sample)
    top = sample.shop.top

    done = run(top, "--format", "json", env=alice)
    findings = json.loads(done.stdout)["findings"]
    assert {one["rule"] for one in findings if one["severity"] != "note"} == broken.rules
    for mend in dict.fromkeys(one["mend"] for one in findings if one["mend"]):
        typed, _, prose = mend.partition("#")
        if not typed.strip() and broken.edit is not None:
            assert broken.edited in prose
            assert "git add " in prose
            broken.edit(sample)
            broken = broken._replace(edit=None)
            sample.shop.stage(broken.edited)
            typed = "agenix-check --fix" if "then: agenix-check --fix" in prose else ""
        _type(top, typed, alice)

    green = run(top, "--strict", env=alice)
    assert green.code == 0, green
    assert green.stdout.endswith("3 plain agenix files: all as their rules say\n")
    identity = pyrage.ssh.Identity.from_buffer(alices_identity().encode())
    for path in READERS_OF:  # nothing was lost: she opens what each held
        assert pyrage.decrypt(sample.shop.read(path), [identity]) == f"of {path}\n".encode()


def _type(top: Path, command: str, variables: Mapping[str, str]) -> None:
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=top,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, (command, done)
