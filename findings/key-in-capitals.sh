#!/bin/sh
# A key in capitals, which Bech32 allows and a QR code wants, is a recipient to rage's library and
# none to age; for a private key in small letters it is the same.
#
# Versions: pyrage 1.4.0 (the age crate of rage), age 1.1.1 and 1.3.2, age-encryption 0.3.1 (npm;
#   age in TypeScript).
# Expected: c2sp.org/age says of Bech32 strings that they are all in capitals or all in small
#   letters, and that the checksum is computed over small ones; BIP 173 has valid examples of both,
#   capitals for QR codes, and refuses mixtures. So all take both, or none does.
# Seen: pyrage takes both forms of both keys, and the program rage 0.12 such a recipient. age and
#   age-encryption know a recipient by `age1` and an identity by `AGE-SECRET-KEY-1`, and call the
#   other form an unknown type. So a host whose key is declared in capitals is encrypted to with
#   rage and not with age; and whoever compares keys as texts takes one key for two.
#
# It needs python3 with venv, age, node and npm; it writes to a temporary folder alone, and fails
# when what is seen changes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pyrage==1.4.0
npm init --yes >/dev/null
npm install --silent --save-exact age-encryption@0.3.1 >/dev/null

cat > key.py <<'END'
import sys

import pyrage

kind = {"recipient": pyrage.x25519.Recipient, "identity": pyrage.x25519.Identity}[sys.argv[1]]
kind.from_str(sys.argv[2])
END
cat > key.mjs <<'END'
import { Decrypter, Encrypter } from "age-encryption";
const [, , kind, key] = process.argv;
if (kind === "recipient") new Encrypter().addRecipient(key);
else new Decrypter().addIdentity(key);
END

age-keygen -o keys 2>/dev/null
identity=$(grep '^AGE-' keys)
recipient=$(age-keygen -y keys)
echo text | age -r "$recipient" > file

by_age() { # KIND KEY
    case $1 in
        recipient) echo text | age -r "$2" ;;
        identity) echo "$2" | age -d -i - file ;;
    esac
}
takes() { # NAME KIND KEY: which of the three take a key
    pyrage=no age=no npm=no
    if venv/bin/python key.py "$2" "$3" 2>/dev/null; then pyrage=yes; fi
    if by_age "$2" "$3" >/dev/null 2>&1; then age=yes; fi
    if node key.mjs "$2" "$3" 2>/dev/null; then npm=yes; fi
    echo "$2, $1: pyrage $pyrage, age $age, age-encryption $npm"
}
capital() { echo "$1" | tr '[:lower:]' '[:upper:]'; }
small() { echo "$1" | tr '[:upper:]' '[:lower:]'; }

{
    takes "as it is" recipient "$recipient"
    takes "in capitals" recipient "$(capital "$recipient")"
    takes "mixed" recipient "age1$(capital "${recipient#age1}")"
    takes "as it is" identity "$identity"
    takes "in small letters" identity "$(small "$identity")"
    takes "mixed" identity "AGE-SECRET-KEY-1$(small "${identity#AGE-SECRET-KEY-1}")"
} > seen
cat > expected <<END
recipient, as it is: pyrage yes, age yes, age-encryption yes
recipient, in capitals: pyrage yes, age no, age-encryption no
recipient, mixed: pyrage no, age no, age-encryption no
identity, as it is: pyrage yes, age yes, age-encryption yes
identity, in small letters: pyrage yes, age no, age-encryption no
identity, mixed: pyrage no, age no, age-encryption no
END
cat seen
diff expected seen
