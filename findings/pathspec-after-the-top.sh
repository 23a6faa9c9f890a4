#!/bin/sh
# Git's `:/PATH`, "from the top", does not work for every path: what follows the slash may be read as
# more magic, although the documentation shows it as a prefix for any path.
#
# Version: Git 2.39 and later, run through GitPython 3.2.1.
# Expected: `git add -- :/-x` stages the file `-x` at the top, as `git add -- :/x` stages `x`.
# Seen: "Unimplemented pathspec magic '-'" for names that begin with `-`, `#`, `%`, `=` or `@`: after the
#   colon every punctuation sign is a signature, also behind the slash. The long form,
#   `:(top,literal)-x`, takes every name.
#
# It needs python3 with venv and git; it writes to a temporary folder alone, and fails when what is seen
# changes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check GitPython==3.2.1
cat > run.py <<'END'
import pathlib
import tempfile

import git

print("git", ".".join(map(str, git.Git().version_info[:2])))
for name in ("x", "-x", "#x", "%x", "=x", "@x"):
    with tempfile.TemporaryDirectory() as top:
        repository = git.Repo.init(top)
        pathlib.Path(top, name).write_text("text\n")
        below = pathlib.Path(top, "below")
        below.mkdir()
        staged = []
        for spec in (f":/{name}", f":(top,literal){name}"):
            try:
                git.Git(below).add("--", spec)
                staged.append("staged")
            except git.GitCommandError:
                staged.append("refused")
        print(f"{name}: short {staged[0]}, long {staged[1]}")
END
venv/bin/python run.py | tail -n +2 > seen
cat > expected <<END
x: short staged, long staged
-x: short refused, long staged
#x: short refused, long staged
%x: short refused, long staged
=x: short refused, long staged
@x: short refused, long staged
END
cat seen
diff expected seen
