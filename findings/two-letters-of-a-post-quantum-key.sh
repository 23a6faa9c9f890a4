#!/bin/sh
# Two letters of a post-quantum recipient that change places are not noticed by its checksum, if they
# stand 1,023 apart: a key that is written wrongly looks right, and age encrypts to it.
#
# Versions: age-encryption 0.3.1 (npm; age in TypeScript), PyPI's bech32 1.2.0 (the reference code).
# Expected: a recipient is Bech32 (c2sp.org/age), whose checksum finds every error of up to four
#   letters (BIP 173, Checksum), so a recipient with two wrong letters is refused.
# Seen: true of age1... (62 letters), false of age1pq1... (1,959). BIP 173 promises it for 90 letters
#   at most; the code behind it is cyclic and comes round after 1,023 places, where the same error
#   stands for the same remainder, and two of them cancel out. age-encryption writes such a file
#   without a word, and the key's owner cannot open it. So of a post-quantum key, compare a hash of
#   the whole, and open what was encrypted to it once.
#
# It needs python3 with venv, node and npm; it writes to a temporary folder alone, and fails when
# what is seen changes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check bech32==1.2.0
npm init --yes >/dev/null
npm install --silent age-encryption@0.3.1 >/dev/null

cat > keys.mjs <<END
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from "age-encryption";
for (const identity of [await generateX25519Identity(), await generateHybridIdentity()])
  console.log(identity + " " + await identityToRecipient(identity));
END
cat > swap.py <<END
import sys
from bech32 import CHARSET, bech32_verify_checksum

def holds(text):
    hrp, _, data = text.rpartition("1")
    return bech32_verify_checksum(hrp, [CHARSET.find(letter) for letter in data])

for line in open("keys"):
    identity, key = line.split()
    first = key.rindex("1") + 1
    assert holds(key)
    for apart in (1, 2, 31, 1022, 1023, 1024):
        swaps = noticed = 0
        for at in range(first, len(key) - apart):
            one, other = key[at], key[at + apart]
            if one == other:
                continue
            wrong = key[:at] + other + key[at + 1 : at + apart] + one + key[at + apart + 1 :]
            swaps += 1
            noticed += not holds(wrong)
            if not holds(wrong):
                continue
            print(identity, wrong, file=sys.stderr)
        if swaps:
            said = {0: "none", swaps: "all"}.get(noticed, "some")
            print(f"{len(key)} letters, two that stand {apart} apart change places: {said} noticed")
END
cat > encrypt.mjs <<END
import { readFileSync } from "node:fs";
import { Decrypter, Encrypter } from "age-encryption";
const outcomes = {};
for (const line of readFileSync("wrong", "utf8").trim().split("\n").slice(0, 40)) {
  const [identity, wrong] = line.split(" ");
  const encrypter = new Encrypter(), decrypter = new Decrypter();
  let file;
  try {
    encrypter.addRecipient(wrong);
    file = await encrypter.encrypt("text");
  } catch {
    continue; // a coefficient of 3,329 or more: of some keys that is noticed, of others not
  }
  decrypter.addIdentity(identity);
  const outcome = await decrypter.decrypt(file).then(() => "opened", () => "not opened");
  outcomes[outcome] = true;
}
console.log("age-encryption encrypts to wrong keys; by their owner: " + Object.keys(outcomes));
END

node keys.mjs > keys
{
    venv/bin/python swap.py 2> wrong
    node encrypt.mjs
} > seen
cat > expected <<END
62 letters, two that stand 1 apart change places: all noticed
62 letters, two that stand 2 apart change places: all noticed
62 letters, two that stand 31 apart change places: all noticed
1959 letters, two that stand 1 apart change places: all noticed
1959 letters, two that stand 2 apart change places: all noticed
1959 letters, two that stand 31 apart change places: all noticed
1959 letters, two that stand 1022 apart change places: all noticed
1959 letters, two that stand 1023 apart change places: none noticed
1959 letters, two that stand 1024 apart change places: all noticed
age-encryption encrypts to wrong keys; by their owner: not opened
END
cat seen
diff expected seen
