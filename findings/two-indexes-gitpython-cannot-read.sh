#!/bin/sh
# GitPython refuses the index of a sparse checkout, and a split index, as if their paths were malicious.
#
# Version: GitPython 3.2.1, with Git 2.37 or newer.
# Expected: what `git ls-files` lists, or an error that says which format is not supported. Both formats
#   are Git's own: `git sparse-checkout set --sparse-index` leaves one entry for a directory that is not
#   checked out, and after `git update-index --split-index` an entry that replaces a shared one has no
#   name.
# Seen: each path that is read is checked, and `ValueError: Invalid repository path` is raised for 'b/'
#   and for ''. So whoever asks GitPython what is staged, as hooks do, works in every clone but those of
#   people who made Git faster for a large repository, and there the message speaks of a path that
#   nobody has. It is no GitError, so what handles Git's failures does not see it.
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

for kind in sparse split; do
    git init --quiet "$kind"
    mkdir "$kind/a" "$kind/b"
    echo 1 > "$kind/a/1"
    echo 2 > "$kind/b/2"
    git -C "$kind" add --all
    git -C "$kind" -c user.name=S -c user.email=s@example.org commit --quiet --message "Add two files"
done
git -C sparse sparse-checkout set --cone --sparse-index a
git -C split update-index --split-index
echo 3 > split/a/1
git -C split add a/1

cat > list.py <<END
import sys, git
try:
    print(",".join(sorted(path for path, _ in git.Repo(sys.argv[1]).index.entries)))
except ValueError as error:
    print(type(error).__name__, error, isinstance(error, git.GitError))
END
{
    for kind in sparse split; do
        echo "$kind, Git: $(git -C "$kind" ls-files | paste -s -d ,)"
        echo "$kind, GitPython: $(venv/bin/python list.py "$kind")"
    done
} > seen
cat > expected <<END
sparse, Git: a/1,b/2
sparse, GitPython: ValueError Invalid repository path 'b/' False
split, Git: a/1,b/2
split, GitPython: ValueError Invalid repository path '' False
END
cat seen
diff expected seen
