#!/bin/sh
# Hooks for text files change some short age files, which nothing opens afterwards: what is text is
# judged by the file's bytes, and those of a short secret are, by chance, sometimes a text's.
#
# Versions: pre-commit 4.7.0 with identify 2.6.20 and pre-commit-hooks 6.0.0, prek 0.5.11, pyrage 1.4.0.
# Expected: a file that is not armored is binary (c2sp.org/age: a nonce and ChaCha20-Poly1305
#   chunks), so that hooks with `types: [text]`, as end-of-file-fixer is declared, leave it alone.
# Seen: identify takes a file for text where its first 1,024 bytes have no control character
#   (identify.is_text). That is so for one file in forty with a secret of 4 bytes, one in 350 with
#   24 letters and a newline, and it is drawn anew each time the file is encrypted. The fixer adds a
#   newline, and the last chunk fails: nobody can decrypt it. prek's fixer of its own does the same.
#   `exclude: \.age$` at the top of the configuration keeps such hooks off.
#
# It needs python3 with venv and git; it writes to a temporary folder alone, and fails when what is
# seen changes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check \
    pre-commit==4.7.0 identify==2.6.20 pre-commit-hooks==6.0.0 prek==0.5.11 pyrage==1.4.0
PATH=$work/venv/bin:$PATH PRE_COMMIT_HOME=$work/cache PREK_HOME=$work/prek
export PATH PRE_COMMIT_HOME PREK_HOME

cat > make.py <<END
import pathlib
import sys

import pyrage
from identify.identify import tags_from_path

identity = pyrage.x25519.Identity.generate()
pathlib.Path("identity").write_text(str(identity))


def make(name, fits):
    path = pathlib.Path("fleet", name)
    for _ in range(5000):
        path.write_bytes(pyrage.encrypt(b"1234", [identity.to_public()]))
        if fits("text" in tags_from_path(str(path)), path.read_bytes()):
            return
    sys.exit(f"no such file came of 5,000: {name}")


make("taken.age", lambda is_text, data: is_text and not data.endswith(b"\n"))
make("other.age", lambda is_text, data: not is_text)
END
cat > opens.py <<END
import pathlib, pyrage, sys
identity = pyrage.x25519.Identity.from_str(pathlib.Path("identity").read_text())
for path in sorted(pathlib.Path("fleet").glob("*.age")):
    try:
        pyrage.decrypt(path.read_bytes(), [identity])
        print(f"{sys.argv[1]}: {path.stem} opens")
    except pyrage.DecryptError:
        print(f"{sys.argv[1]}: {path.stem} is damaged")
END

git init --quiet fleet
python make.py
cat > local.yaml <<END
repos:
  - repo: local
    hooks:
      - id: end-of-file-fixer
        name: end-of-file-fixer
        entry: end-of-file-fixer
        language: system
        types: [text]
END
printf 'repos:\n  - repo: builtin\n    hooks:\n      - id: end-of-file-fixer\n' > builtin.yaml
{ printf '%s\n' 'exclude: \.age$'; cat local.yaml; } > excluded.yaml

after() { # NAME PROGRAM CONFIGURATION: what a run leaves of both files
    git -C fleet checkout --quiet -- .
    (cd fleet && "$2" run --all-files --config "../$3" >/dev/null 2>&1) || true
    python opens.py "$1"
}

git -C fleet add .
{
    python opens.py "before"
    after "pre-commit" pre-commit local.yaml
    after "prek" prek local.yaml
    after "prek, built in" prek builtin.yaml
    after "pre-commit, excluded" pre-commit excluded.yaml
} > seen
cat > expected <<END
before: other opens
before: taken opens
pre-commit: other opens
pre-commit: taken is damaged
prek: other opens
prek: taken is damaged
prek, built in: other opens
prek, built in: taken is damaged
pre-commit, excluded: other opens
pre-commit, excluded: taken opens
END
cat seen
diff expected seen
