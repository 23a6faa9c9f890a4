#!/bin/sh
# `git merge-tree` gives two results for the same two commits: with `*.age -merge` in both, it keeps
# our age file whole in one clone, and writes conflict markers into it in another.
#
# Versions: Git 2.39, 2.47 and 2.55 (2.43 to 2.45 differ in the bare clone: they read HEAD's
#   attributes); pyrage 1.4.0 for the age files.
# Expected: git-merge-tree(1), --write-tree: it reads neither the work tree nor the index, so that
#   the result follows from the commits.
# Seen: the attributes are read from the .gitattributes that is checked out, committed or not, and
#   not from the commits that are merged. So what a forge or a merge queue makes of a conflict, in a
#   bare clone, is not what `git merge` makes of it at home, and a tool that tries merges gets other
#   trees while another branch is checked out. `info/attributes` in the Git directory is read
#   everywhere; since 2.43 attr.tree names a tree to read them from.
#
# It needs python3 with venv and git; it writes to a temporary folder alone, and fails when what is
# seen changes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
export GIT_AUTHOR_NAME=Somebody GIT_AUTHOR_EMAIL=somebody@example.org
export GIT_COMMITTER_NAME=Somebody GIT_COMMITTER_EMAIL=somebody@example.org
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pyrage==1.4.0

cat > make.py <<'END'
import pathlib

import pyrage

identity = pyrage.x25519.Identity.generate()
pathlib.Path("identity").write_text(str(identity))
for name in ("base", "theirs", "ours"):
    data = b"\0"
    while b"\0" in data:  # with one, Git takes it for binary by itself
        data = pyrage.encrypt(b"a password12", [identity.to_public()])
    pathlib.Path(name).write_bytes(data)
END
cat > opens.py <<'END'
import pathlib
import sys

import pyrage

identity = pyrage.x25519.Identity.from_str(pathlib.Path("identity").read_text())
data = sys.stdin.buffer.read()
try:
    pyrage.decrypt(data, [identity])
    print("opens")
except pyrage.DecryptError:
    print("markers" if b"\n=======\n" in data else "does not open")
END
venv/bin/python make.py

git init --quiet --initial-branch ours home
echo '*.age -merge' > home/.gitattributes
for name in base theirs ours; do
    case $name in
        theirs) git -C home checkout --quiet -b theirs ;;
        ours) git -C home checkout --quiet ours ;;
    esac
    cp "$name" home/db.age
    git -C home add .
    git -C home commit --quiet --message "$name"
done

result() { # NAME DIRECTORY: what the merge of both branches makes of the file, there
    tree=$(git -C "$2" merge-tree --write-tree ours theirs | head -n 1)
    echo "$1: $(git -C "$2" cat-file blob "$tree:db.age" | venv/bin/python opens.py)"
}

git clone --quiet --bare home bare
git clone --quiet --bare home told
echo '*.age -merge' > told/info/attributes
{
    result "ours is checked out" home
    result "a bare clone" bare
    result "a bare clone with info/attributes" told
    git -C home checkout --quiet --orphan pages
    git -C home rm --quiet -r --force .
    result "a branch without .gitattributes is checked out" home
    echo '*.age -merge' > home/.gitattributes
    result "there, with one that is untracked" home
} > seen
cat > expected <<END
ours is checked out: opens
a bare clone: markers
a bare clone with info/attributes: opens
a branch without .gitattributes is checked out: markers
there, with one that is untracked: opens
END
cat seen
diff expected seen
