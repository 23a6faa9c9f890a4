"""What a program prints as a fix, typed into a shell as it is; and what every host has then."""

import gc
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from pyrage import DecryptError, decrypt, ssh, x25519

from agenix_check.cli import main
from agenix_check.demo.workshop import Workshop
from agenix_check.git.process import Git
from tests.conftest import Result
from tests.mend.mending import ask, write_key
from tests.pace import PATIENCE

# agenix and agenix-rekey as far as fixes name them: they edit at the top of a flake, or beside a
# rules file that knows the name. Git LFS is not asked for anything.
_AGENIX = r"""#!/bin/sh
set -e
case "$1" in
  edit) test -e flake.nix; file=$2 ;;
  -e) file=$2; grep -qF "\"$file\"" "${RULES:-./secrets.nix}" ;;
  generate | rekey) test -e flake.nix; exit ;;
esac
test ! -e "$file" # else it decrypts it first
printf 'typed anew\n' | age -r "$MASTER" -o "$file"
"""
_LFS = "#!/bin/sh\nexec test -e .git\n"


class Held(NamedTuple):
    """An output that a host must have: who opens it, where it is, and what it is made from."""

    key: Path
    storage: str
    name: str
    source: str


class Fleet(NamedTuple):
    """A fleet in a repository, what its hosts must have, and how its checks are run."""

    shop: Workshop
    held: tuple[Held, ...]
    inventory: str
    identities: tuple[Path, ...] = ()

    def copy(self, top: Path) -> "Fleet":
        """Return the same fleet in a copy of its repository."""
        shutil.copytree(self.shop.top, top, symlinks=True)
        shop = object.__new__(Workshop)
        shop.__dict__.update(self.shop.__dict__, top=top, git=Git(str(top), _variables()))
        shop.git.attempt("update-index", "-q", "--refresh")
        return self._replace(shop=shop)

    def run(self, line: str, directory: str = ".") -> Result:
        """Type a line into Bash, in a directory of the repository."""
        environment = self._environment()
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.shop.top / directory, env=os.environ | environment, stdin=subprocess.DEVNULL,
            capture_output=True, check=False, text=True, errors="surrogateescape",
            timeout=PATIENCE,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        return Result(done.returncode, done.stdout, done.stderr)

    def check(self, *words: str) -> str:
        """Return what a check prints, in this process."""
        printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        with (
            pytest.MonkeyPatch.context() as patch,
            redirect_stdout(printed),
            redirect_stderr(io.StringIO()) as complaints,
        ):
            patch.chdir(self.shop.top)
            for name, value in self._environment().items():
                patch.setenv(name, value)
            main(["--inventory", self.inventory, *words])
        gc.enable()
        assert "Traceback" not in complaints.getvalue()
        printed.seek(0)
        return printed.read()

    def _environment(self) -> dict[str, str]:
        home = self.shop.top.with_name("programs")
        _install(home)
        keys = (write_key(self.shop), *self.identities)
        return {
            **_variables(),
            "PATH": f"{home}:{os.environ['PATH']}",
            "AGENIX_CHECK_IDENTITY": ":".join(map(str, keys)),
            "MASTER": self.shop.master,
        }

    def findings(self, *view: str) -> list[Mapping[str, str | None]]:
        """Return what a check reports in JSON; the text for people must print the same fixes."""
        file = self.shop.top.with_name("report.json")
        text = self.check("-v", "--output", f"json={file}", *view)
        found: list[Mapping[str, str | None]] = json.loads(file.read_text())["findings"]
        file.unlink()
        printed = {line.strip() for line in text.splitlines()}
        for mend in mends_of(found):
            assert any(_is_printed(mend, line) for line in printed), (mend, text)
        return found

    def holdings(self) -> "Holdings":
        """Return what is staged, and what each host and the master open of it."""
        staged = self._staged()
        texts = {
            one: {
                text
                for path, content in staged.items()
                if path.startswith(f"{one.storage}/") and path.endswith(f"-{one.name}.age")
                if (text := _open(content, one.key)) is not None
            }
            for one in self.held
        }
        master = write_key(self.shop)
        sources = {one.source for one in self.held}
        current = {path: _open(staged[path], master) for path in sources & staged.keys()}
        others = {path for path in staged if "/rekeyed/" not in path}
        return Holdings(texts, current, others, _files(self.shop.top))

    def _staged(self) -> dict[str, bytes]:
        """Return the content of every path of the index, from one process of Git."""
        rows = [row.partition("\t") for row in ask(self.shop, "ls-files", "-sz").split("\0") if row]
        asked = "".join(f"{row.split()[1]}\n" for row, _, _ in rows).encode()
        answer = io.BytesIO(self.shop.git.run("cat-file", "--batch", given=asked))
        found = {}
        for _, _, path in rows:
            size = int(answer.readline().split()[2])
            found[path] = answer.read(size + 1)[:-1]
        return found


class Holdings(NamedTuple):
    """What a fleet has at a time."""

    texts: Mapping[Held, set[bytes]]  # what hosts open of what is staged for them
    current: Mapping[str, bytes | None]  # what staged sources hold; None where nobody opens one
    others: set[str]  # the sources, keys and declarations that Git has
    files: set[str]  # of the work tree


def assert_nothing_is_lost(before: Holdings, after: Holdings) -> None:
    """Make sure that every host still has what it had, and that no source or key is gone."""
    for one, texts in before.texts.items():
        now = after.texts[one]
        assert now or not texts, f"{one.storage} has no {one.name} any more"
        present = after.current.get(one.source)
        assert present not in texts or present in now, f"{one.storage}: {one.name} is older"
    # What should be in no repository leaves Git, and stays on disk.
    assert before.others <= {*after.others, "key.txt"}
    for path in before.files - after.files:
        assert "/rekeyed/" in path, f"{path} is deleted"


def assert_all_is_there(fleet: Fleet) -> None:
    """Make sure that every host has the present version of every secret."""
    now = fleet.holdings()
    for one, texts in now.texts.items():
        assert now.current.get(one.source) in texts, f"{one.storage} lacks {one.name}"


def go_on(fleet: Fleet, message: str) -> None:
    """Commit what is staged, unseen, and then something else."""
    fleet.shop.git.run("commit", "--quiet", "--no-verify", "--allow-empty", "-m", message)
    fleet.shop.write("README.md", f"{message}, and more.\n")
    fleet.shop.stage("README.md")
    fleet.shop.git.run("commit", "--quiet", "--no-verify", "-m", "Write something else")


def mends_of(findings: Iterable[Mapping[str, str | None]]) -> list[str]:
    """Return the commands of findings, each once."""
    return list(dict.fromkeys(one["mend"] for one in findings if one["mend"] is not None))


def _is_printed(mend: str, line: str) -> bool:
    """Return whether a line of text prints a fix; it joins removals of one kind."""
    command, _, prose = mend.partition("git rm -- ")
    return line == f"fix: {mend}" or (line.startswith(f"fix: {command}") and prose in line)


def _open(content: bytes, key: Path) -> bytes | None:
    try:
        return decrypt(content, [_identity(key)])
    except DecryptError:
        return None


@cache
def _identity(path: Path) -> ssh.Identity | x25519.Identity:
    text = path.read_text()
    if text.startswith("AGE-SECRET-KEY-"):
        return x25519.Identity.from_str(text.strip())
    return ssh.Identity.from_buffer(text.encode())


def _variables() -> dict[str, str]:
    who = {"NAME": "somebody", "EMAIL": "somebody@example.org"}
    roles = ("AUTHOR", "COMMITTER")
    names = {f"GIT_{role}_{key}": value for role in roles for key, value in who.items()}
    return {**names, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}


def _install(home: Path) -> None:
    if home.exists():
        return
    home.mkdir()
    program = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m agenix_check "$@"\n'
    for name, text in (("agenix-check", program), ("agenix", _AGENIX), ("git-lfs", _LFS)):
        (home / name).write_text(text)
        (home / name).chmod(0o755)


def _files(top: Path) -> set[str]:
    return {
        path.relative_to(top).as_posix()
        for path in top.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(top).parts
    }
