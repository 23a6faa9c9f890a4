#!/bin/sh
# A comment behind the attributes of a line in .gitattributes switches that line off in Git, and not
# in libgit2; and a name with a blank has no spelling that both understand.
#
# Versions: pygit2 1.21.0 (libgit2), Git 2.39 and later. Nix reads flakes by libgit2.
# Expected: gitattributes(5): a line is a pattern and attributes, lines that begin with # are
#   comments, and a pattern in double quotes is read as in C. What reads Git's repositories reads
#   the same in such a line.
# Seen: to Git `#` is an attribute with an invalid name, for which it drops the whole line, so that
#   `* text=auto` above it counts for age files again; only a warning says so. libgit2 takes the
#   attributes before it. It takes a blank behind a backslash, which Git does not, and no quotes,
#   which Git does; `?` in place of the blank means the same to both. So ask `git check-attr`, not a
#   library, what Git will do to a file.
#
# It needs python3 with venv and git; it writes to a temporary folder alone, and fails when what is
# seen changes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pygit2==1.21.0
git init --quiet tree

cat > library.py <<END
import sys, pygit2

value = pygit2.Repository("tree").get_attr(sys.argv[1], "text")
print({True: "set", False: "unset", None: "unspecified"}.get(value, value))
END

asks() { # NAME FILE LINE: the attribute text of a file, by Git and by libgit2
    printf '* text=auto\n%s\n' "$3" > tree/.gitattributes
    by_git=$(git -C tree check-attr text -- "$2" 2>/dev/null | sed 's/.*: //')
    echo "$1: Git $by_git, libgit2 $(venv/bin/python library.py "$2")"
}

{
    asks "alone" db.age '*.age -text'
    asks "a comment behind" db.age '*.age -text # encrypted'
    asks "quoted" "a b.age" '"a b.age" -text'
    asks "a backslash" "a b.age" 'a\ b.age -text'
    asks "a question mark" "a b.age" 'a?b.age -text'
} > seen
cat > expected <<END
alone: Git unset, libgit2 unset
a comment behind: Git auto, libgit2 unset
quoted: Git unset, libgit2 auto
a backslash: Git auto, libgit2 unset
a question mark: Git unset, libgit2 unset
END
cat seen
diff expected seen
