#!/bin/sh
# The glob `secrets/**/*.age` leaves out secrets/db.age in half of the tools that read globs, and
# `secrets/*.age` takes files further below: Git itself reads both in two ways.
#
# Versions: Git 2.39 and later, prek 0.5.11, lefthook 2.2.1 (npm).
# Expected: as gitignore(5) has it, a star stops at a slash, and `a/**/b` matches `a/b` too; so a
#   pattern can be copied from .gitattributes into a hook or a command.
# Seen: so it is in .gitattributes, for the pathspec `:(glob)`, and for lefthook with
#   `glob_matcher: doublestar`. A pathspec without that word is matched as by fnmatch(3) without
#   FNM_PATHNAME (gitglossary(7), pathspec): one star takes slashes too, and `/**/` wants both of
#   its slashes. lefthook does the same unless told otherwise; prek does something in between. So
#   a hook for `secrets/**/*.age` is skipped, and passes, when a commit changes secrets/db.age.
#
# It needs python3 with venv, npm and git; it writes to a temporary folder alone, and fails when
# what is seen changes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check prek==0.5.11
npm init --yes >/dev/null
npm install --silent --save-exact --ignore-scripts lefthook@2.2.1 >/dev/null
PREK_HOME=$work/prek NO_COLOR=1
export PREK_HOME NO_COLOR

git init --quiet tree
cd tree
mkdir -p secrets/deep
echo a > secrets/db.age
echo b > secrets/deep/wifi.age
git add .

said() { # TOOL: names of the two files that standard input has
    found=$(grep -o -e db.age -e wifi.age | sort -u)
    echo "  $1:" ${found:-none} # in one line
}
by_lefthook() { # PATTERN [LINE]
    printf '%s\n' "${2:-}" 'output: [execution_out]' 'pre-commit:' '  jobs:' '    - name: files' \
        "      glob: '$1'" '      run: echo {staged_files}' > lefthook.yml
    ../node_modules/.bin/lefthook run pre-commit --no-auto-install 2>&1
}
by_prek() { # PATTERN
    cat > ../prek.yaml <<END
repos:
  - repo: local
    hooks:
      - id: files
        name: files
        language: system
        entry: echo
        verbose: true
        files:
          glob: '$1'
END
    ../venv/bin/prek run --all-files --config ../prek.yaml
}

for pattern in 'secrets/*.age' 'secrets/**/*.age'; do
    echo "$pattern"
    printf '%s secret\n' "$pattern" > .gitattributes
    git check-attr secret -- secrets/db.age secrets/deep/wifi.age | grep ': set' |
        said ".gitattributes"
    rm .gitattributes
    git ls-files -- ":(glob)$pattern" | said "pathspec :(glob)"
    by_lefthook "$pattern" 'glob_matcher: doublestar' | said "lefthook, doublestar"
    git ls-files -- "$pattern" | said "pathspec"
    by_lefthook "$pattern" | said "lefthook"
    by_prek "$pattern" | said "prek"
done > ../seen
cd ..
cat > expected <<END
secrets/*.age
  .gitattributes: db.age
  pathspec :(glob): db.age
  lefthook, doublestar: db.age
  pathspec: db.age wifi.age
  lefthook: db.age wifi.age
  prek: db.age wifi.age
secrets/**/*.age
  .gitattributes: db.age wifi.age
  pathspec :(glob): db.age wifi.age
  lefthook, doublestar: db.age wifi.age
  pathspec: wifi.age
  lefthook: wifi.age
  prek: db.age wifi.age
END
cat seen
diff expected seen
