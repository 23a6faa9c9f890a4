#!/bin/sh
# Git merges most short age files as text: a conflict leaves a file with markers in it that nobody can
# decrypt, where with a larger one our side stays.
#
# Versions: Git 2.39 and later, GitPython 3.2.1, pyrage 1.4.0.
# Expected: an age file that is not armored is binary (c2sp.org/age); and gitattributes(5), merge:
#   without that attribute the contents decide between the drivers text and binary, and for binary
#   files our version stays in the work tree.
# Seen: binary is what has a NUL in its first 8,000 bytes. The header has none, and of the payloads of
#   44 bytes (a password of 12 letters) five in six have none. Where the base, our side and theirs all
#   are text, Git writes markers between the lines of the header and the bytes of the payload. With
#   a NUL in any of the three our side stays, and opens. It is drawn anew at each encryption;
#   `*.age -merge` in .gitattributes ends it.
#
# It needs python3 with venv and git; it writes to a temporary folder alone, and fails when what is
# seen changes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
    GitPython==3.2.1 pyrage==1.4.0

cat > run.py <<'END'
import pathlib
import tempfile

import git
import pyrage

identity = pyrage.x25519.Identity.generate()


def encrypt(text=b"a password12"):
    return pyrage.encrypt(text, [identity.to_public()])


def make(has_nul):
    while True:
        data = encrypt()
        if (b"\0" in data) == has_nul:
            return data


def merge(base, ours, theirs, attributes=""):
    with tempfile.TemporaryDirectory() as top:
        repository = git.Repo.init(top, initial_branch="ours")
        for name in ("name", "email"):
            repository.git.config(f"user.{name}", "nobody")
        file = pathlib.Path(top, "db.age")
        pathlib.Path(top, ".gitattributes").write_text(attributes)
        for branch, data in (("ours", base), ("theirs", theirs), ("ours", ours)):
            if branch not in repository.heads and repository.head.is_valid():
                repository.git.branch(branch)
            if repository.head.is_valid():
                repository.git.checkout("--quiet", branch)
            file.write_bytes(data)
            repository.git.add(".")
            repository.git.commit("--quiet", "--message", branch)
        try:
            repository.git.merge("theirs")
            return "no conflict"
        except git.GitCommandError:
            merged = file.read_bytes()
        try:
            opens = "opens" if pyrage.decrypt(merged, [identity]) else "is empty"
        except pyrage.DecryptError:
            opens = "does not open"
        kept = "our side" if merged == ours else "another"
        if b"\n>>>>>>> theirs" in merged:
            kept = "markers"
        return f"{kept}, {opens}"


texts = sum(b"\0" not in encrypt() for _ in range(400))
print("text:", "more than half" if texts > 200 else "at most half")
print("no NUL:", merge(make(False), make(False), make(False)))
print("a NUL in the base:", merge(make(True), make(False), make(False)))
print("a NUL in theirs:", merge(make(False), make(False), make(True)))
print("no NUL, -merge:", merge(make(False), make(False), make(False), "*.age -merge\n"))
END
venv/bin/python run.py > seen
cat > expected <<END
text: more than half
no NUL: markers, does not open
a NUL in the base: our side, opens
a NUL in theirs: our side, opens
no NUL, -merge: our side, opens
END
cat seen
diff expected seen
