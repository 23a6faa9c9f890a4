#!/bin/sh
# Each file that rage's library encrypts to one key has two stanzas, and no two files need be of one
# size; a file with a passphrase has one, and always the same size.
#
# Versions: pyrage 1.4.0 (the age crate of rage), age-encryption 0.3.1 (npm; age in TypeScript).
# Expected: one stanza a recipient, as age writes it, and a size that follows from the plaintext and
#   the kinds of recipients; so that `grep -c '^->'` counts recipients, and sizes can be compared.
# Seen: rage adds a stanza whose type is random and ends in -grease, with random arguments and a body of
#   random length. So whoever counts stanzas finds a recipient too many, and whoever compares sizes
#   finds a change where there is none. What may be compared is the length of the plaintext: the file
#   without its header, less the nonce and a tag a chunk.
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
npm install --silent age-encryption@0.3.1 >/dev/null

cat > rage.py <<END
import re, pyrage

def describe(name, files):
    stanzas = {len(re.findall(rb"^-> ", one, re.MULTILINE)) for one in files}
    grease = {len(re.findall(rb"^-> \S+-grease ?", one, re.MULTILINE)) for one in files}
    payloads = {len(one) - one.index(b"\n", one.index(b"\n--- ") + 1) - 1 for one in files}
    sizes = "one size" if len({*map(len, files)}) == 1 else "several sizes"
    print(f"{name}: stanzas {stanzas}, grease {grease}, {sizes}, payload {payloads}")

key = pyrage.x25519.Identity.generate().to_public()
describe("pyrage, a key", [pyrage.encrypt(b"text", [key]) for _ in range(40)])
describe("pyrage, a passphrase", [pyrage.passphrase.encrypt(b"text", "word") for _ in range(2)])
END
cat > age.mjs <<END
import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
const key = await identityToRecipient(await generateX25519Identity());
const sizes = new Set(), stanzas = new Set();
for (let n = 0; n < 40; n++) {
  const encrypter = new Encrypter();
  encrypter.addRecipient(key);
  const file = Buffer.from(await encrypter.encrypt("text"));
  sizes.add(file.length);
  stanzas.add(file.toString("latin1").split("\n-> ").length - 1);
}
console.log("age-encryption, a key: stanzas {" + [...stanzas] + "}, " +
  (sizes.size === 1 ? "one size" : "several sizes"));
END

{
    venv/bin/python rage.py
    node age.mjs
} > seen
cat > expected <<END
pyrage, a key: stanzas {2}, grease {1}, several sizes, payload {36}
pyrage, a passphrase: stanzas {1}, grease {0}, one size, payload {36}
age-encryption, a key: stanzas {1}, one size
END
cat seen
diff expected seen
