#!/bin/sh
# GitPython commits a file that was only announced with `git add --intent-to-add`, and commits it empty.
#
# Version: GitPython 3.2.1, with any Git.
# Expected: what is announced stays out of trees and commits until it is added, as with `git commit` and
#   `git write-tree`: its entry in the index has a flag for that.
# Seen: `Repo.index.write_tree()` and `Repo.index.commit()` do not look at the flag. The entry's object is
#   that of an empty file, so the commit brings an empty file that nobody added: for a secret that is
#   still being written, one that nobody can read. To Git itself the file is then deleted in the index
#   and announced in the work tree (`DA`), so its next commit takes the empty one away again.
#
# It needs git and python3 with venv; it writes to a temporary folder alone, and fails when what is
# seen changes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check GitPython==3.2.1

git init --quiet repository
cd repository
git config user.name Somebody
git config user.email somebody@example.org
echo "a secret" > staged.age
echo "another" > announced.age
git add staged.age
git add --intent-to-add announced.age

cat > ../commit.py <<END
import git
repository = git.Repo(".")
tree = repository.index.write_tree()
print("write_tree of GitPython:", {blob.path: blob.size for blob in tree.traverse()})
commit = repository.index.commit("Add a secret")
print("commit of GitPython:", {blob.path: blob.size for blob in commit.tree.traverse()})
END
{
    echo "write-tree of Git: $(git ls-tree --name-only "$(git write-tree)")"
    ../venv/bin/python ../commit.py
    echo "then: $(git status --short)"
} > ../seen
cat > ../expected <<END
write-tree of Git: staged.age
write_tree of GitPython: {'announced.age': 0, 'staged.age': 9}
commit of GitPython: {'announced.age': 0, 'staged.age': 9}
then: DA announced.age
END
cat ../seen
diff ../expected ../seen
