#!/bin/sh
# In a pre-commit hook, GitPython, dulwich and pygit2 read an index that is not the one being
# committed, if Git was called as `git commit -a` or `git commit FILE`: they see the state before.
#
# Versions: GitPython 3.2.1, dulwich 1.2.21, pygit2 1.21.0, Git 2.39 and later.
# Expected: git(1), GIT_INDEX_FILE: it names the index to use instead of $GIT_DIR/index. For these
#   two forms Git writes an index of its own and names it to the hook, and there `git show :FILE`
#   reads what will be committed; what a library calls the index is to be the same.
# Seen: all three open $GIT_DIR/index. After `git commit` alone that is the same file; in the other
#   two forms it lacks the change, so that a hook judges the old content of a secret, and passes or
#   fails for it. `Repo.index.diff` of GitPython calls Git and names the right files, while
#   `Repo.index.entries` of the same object has the old contents. Each library reads the index that
#   is committed when it is given its name.
#
# It needs python3 with venv and git; it writes to a temporary folder alone, and fails when what is
# seen changes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
    GitPython==3.2.1 dulwich==1.2.21 pygit2==1.21.0

cat > hook.py <<'END'
import os

import dulwich.index
import dulwich.repo
import git
import pygit2

NAME = "db.age"
by_git = git.Repo(".")
by_dulwich = dulwich.repo.Repo(".")
by_pygit2 = pygit2.Repository(".")
named = os.environ["GIT_INDEX_FILE"]


def gitpython(index):
    return by_git.odb.stream(index.entries[NAME, 0].binsha).read().decode().strip()


def dulwich_(index):
    return by_dulwich[index[NAME.encode()].sha].data.decode().strip()


def pygit2_(index):
    return by_pygit2[index[NAME].id].data.decode().strip()


print("  Git:", by_git.git.show(f":{NAME}"))
print("  GitPython:", gitpython(by_git.index), "in entries,", end=" ")
print(*[change.b_path for change in by_git.index.diff("HEAD")], "in diff")
print("  dulwich:", dulwich_(by_dulwich.open_index()))
print("  pygit2:", pygit2_(by_pygit2.index))
print("  with its name:", gitpython(git.IndexFile(by_git, named)), end=" ")
print(dulwich_(dulwich.index.Index(named)), pygit2_(pygit2.Index(named)))
END

git init --quiet tree
cd tree
git config user.name Somebody
git config user.email somebody@example.org
echo first > db.age
git add .
git commit --quiet --message "Add a secret"
printf '#!/bin/sh\nexec ../venv/bin/python ../hook.py >> ../seen 2>&1\n' > .git/hooks/pre-commit
chmod +x .git/hooks/pre-commit

commits() { # NAME CONTENT ARGUMENTS: what the hook sees, and what was committed
    echo "$1" >> ../seen
    echo "$2" > db.age
    shift 2
    git commit --quiet --message "Change a secret" "$@"
    echo "  committed: $(git show HEAD:db.age)" >> ../seen
}

echo second > db.age
git add db.age
commits "git commit" second
commits "git commit -a" third -a
commits "git commit FILE" fourth db.age
cd ..
cat > expected <<END
git commit
  Git: second
  GitPython: second in entries, db.age in diff
  dulwich: second
  pygit2: second
  with its name: second second second
  committed: second
git commit -a
  Git: third
  GitPython: second in entries, db.age in diff
  dulwich: second
  pygit2: second
  with its name: third third third
  committed: third
git commit FILE
  Git: fourth
  GitPython: third in entries, db.age in diff
  dulwich: third
  pygit2: third
  with its name: fourth fourth fourth
  committed: fourth
END
cat seen
diff expected seen
