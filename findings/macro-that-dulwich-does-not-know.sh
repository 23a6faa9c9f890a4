#!/bin/sh
# `*.age binary` in .gitattributes keeps Git's hands off age files, and dulwich's not: it does not
# know the macro, takes short age files for text, and commits them with other line ends.
#
# Versions: dulwich 1.2.21, Git 2.39 and later, pyrage 1.4.0.
# Expected: gitattributes(5), Using macro attributes: `binary` is built in and stands for
#   `-diff -merge -text`, and a repository's own macros are declared with `[attr]`; so under
#   `* text=auto` a file that is called binary is stored as it is.
# Seen: dulwich reads `binary` as an attribute of that name, and `text=auto` stays. An age file that
#   has no NUL and, by chance, a carriage return before a newline in its ciphertext loses it on
#   `porcelain.add`, without a word: what is committed cannot be decrypted. `-text` itself is heeded.
#
# It needs python3 with venv and git; it writes to a temporary folder alone, and fails when what is
# seen changes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check dulwich==1.2.21 pyrage==1.4.0

cat > make.py <<END
import pathlib
import pyrage

identity = pyrage.x25519.Identity.generate()
data = b"\0"
while b"\0" in data or b"\r\n" not in data:
    data = pyrage.encrypt(bytes(60), [identity.to_public()])
pathlib.Path("identity").write_text(str(identity))
pathlib.Path("db.age").write_bytes(data)
END
cat > add.py <<END
import sys
from dulwich import porcelain
from dulwich.repo import Repo

top = sys.argv[1]
porcelain.add(Repo(top), [f"{top}/db.age", f"{top}/.gitattributes"])
END
cat > opens.py <<END
import pathlib, pyrage, sys

identity = pyrage.x25519.Identity.from_str(pathlib.Path("identity").read_text())
try:
    pyrage.decrypt(sys.stdin.buffer.read(), [identity])
    print("opens")
except pyrage.DecryptError:
    print("does not open")
END

venv/bin/python make.py
stage() { # NAME LINES: what the index has of the file, by Git and by dulwich
    for program in git dulwich; do
        rm -rf tree
        git init --quiet tree
        printf "* text=auto\n$2\n" > tree/.gitattributes
        cp db.age tree
        if test "$program" = git; then
            git -C tree add . 2>/dev/null
        else
            venv/bin/python add.py "$work/tree" >/dev/null
        fi
        echo "$1, by $program: $(git -C tree cat-file blob :db.age | venv/bin/python opens.py)"
    done
}

{
    stage "-text" '*.age -text'
    stage "binary" '*.age binary'
    stage "a macro" '[attr]secret -text\n*.age secret'
} > seen
cat > expected <<END
-text, by git: opens
-text, by dulwich: opens
binary, by git: opens
binary, by dulwich: does not open
a macro, by git: opens
a macro, by dulwich: does not open
END
cat seen
diff expected seen
