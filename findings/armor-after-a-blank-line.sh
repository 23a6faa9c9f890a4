#!/bin/sh
# An armored age file that begins with a blank line is valid, and rage's library does not read it.
#
# Versions: pyrage 1.4.0 (the age crate of rage), age-encryption 0.3.1 (npm; age in TypeScript),
#   cctv-age 0.2.0 (npm; the public test vectors of the format). rage 0.12 and age 1.1 refuse it
#   too, age 1.3 reads it.
# Expected: c2sp.org/age lets white space stand before and after the armor, and the vector
#   armor_whitespace_outside expects success.
# Seen: white space behind the armor is read by both, before it by age-encryption alone: pyrage says
#   "Header is invalid". So a file that somebody made by hand (a heredoc that begins with a newline)
#   opens on one machine and looks damaged on the next.
#
# It needs python3 with venv, node and npm; it writes to a temporary folder alone, and fails when
# what is seen changes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pyrage==1.4.0
npm init --yes >/dev/null
npm install --silent age-encryption@0.3.1 cctv-age@0.2.0 >/dev/null

cat > make.py <<END
import pathlib, pyrage
identity = pyrage.x25519.Identity.generate()
text = pyrage.encrypt(b"text", [identity.to_public()], armored=True)
pathlib.Path("identity").write_text(str(identity))
pathlib.Path("as it is").write_bytes(text)
pathlib.Path("blank lines behind").write_bytes(text + b"\n\n")
pathlib.Path("a blank line before").write_bytes(b"\n" + text)
END
cat > rage.py <<END
import pathlib, pyrage, sys
identity = pyrage.x25519.Identity.from_str(pathlib.Path("identity").read_text())
pyrage.decrypt(pathlib.Path(sys.argv[1]).read_bytes(), [identity])
END
cat > age.mjs <<END
import { readFileSync } from "node:fs";
import { Decrypter, armor } from "age-encryption";
const decrypter = new Decrypter();
decrypter.addIdentity(readFileSync("identity", "utf8"));
await decrypter.decrypt(armor.decode(readFileSync(process.argv[2], "utf8")));
END
cat > vector.mjs <<END
import { armor_whitespace_outside as vector } from "cctv-age";
console.log("the vector: " + new TextDecoder().decode(vector).split("\n")[0]);
END

reads() { # NAME: which of the two read a file
    rage=no age=no
    if venv/bin/python rage.py "$1" 2>/dev/null; then rage=yes; fi
    if node age.mjs "$1" 2>/dev/null; then age=yes; fi
    echo "$1: pyrage $rage, age-encryption $age"
}

venv/bin/python make.py
{
    node vector.mjs
    reads "as it is"
    reads "blank lines behind"
    reads "a blank line before"
} > seen
cat > expected <<END
the vector: expect: success
as it is: pyrage yes, age-encryption yes
blank lines behind: pyrage yes, age-encryption yes
a blank line before: pyrage no, age-encryption yes
END
cat seen
diff expected seen
