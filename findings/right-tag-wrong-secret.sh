#!/bin/sh
# A file that PyPI's package `age` encrypts to an ssh-ed25519 key looks like one of age's, with the
# tag of the right key and every length as it should be, and neither age nor rage can open it.
#
# Versions: age 0.5.1 (PyPI; the newest), pyrage 1.4.0 (the age crate of rage), age 1.1.1 and later.
# Expected: the package implements age-encryption.org/v1. There an ssh-ed25519 stanza has a tweak of
#   32 bytes from HKDF, a salt that ends in the converted key, and a label of its own; agessh and
#   the age crate do so.
# Seen: the package reduces a tweak of 64 bytes, ends the salt in the tweaked key, and takes the
#   label of X25519. It opens its own files, so that nobody notices before a host starts, and what
#   age encrypts to the key it cannot open. The tag is a hash of the public key, and says nothing
#   of the secret behind it: what a header names is a claim, and only decrypting shows that it
#   holds. With X25519 keys the package and rage agree.
#
# It needs python3 with venv, age and ssh-keygen; it writes to a temporary folder alone, and fails
# when what is seen changes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check age==0.5.1 pyrage==1.4.0
ssh-keygen -q -t ed25519 -N '' -C host -f key
echo text | age -R key.pub > by-age

cat > run.py <<'END'
import base64
import hashlib
import io
import pathlib
import subprocess

import pyrage
from age.file import Decryptor, Encryptor
from age.keys.agekey import AgePublicKey
from age.keys.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

TEXT = b"text\n"
private = pathlib.Path("key").read_bytes()
public = pathlib.Path("key.pub").read_bytes().strip()
by_age = pathlib.Path("by-age").read_bytes()


def encrypt(key):
    file = io.BytesIO()
    with Encryptor([key], file) as encryptor:
        encryptor.write(TEXT)
    return file.getvalue()


def opens(name, decrypt):
    try:
        print(f"{name}:", "opens" if decrypt() == TEXT else "does not open")
    except Exception as error:  # each library has its own
        print(f"{name}: {type(error).__name__}")


def with_package(file):
    with Decryptor([Ed25519PrivateKey.from_pem(private)], io.BytesIO(file)) as decryptor:
        return decryptor.read()


def with_age(path):
    return subprocess.run(["age", "-d", "-i", "key", path], capture_output=True).stdout


def with_pyrage(file):
    return pyrage.decrypt(file, [pyrage.ssh.Identity.from_buffer(private)])


by_package = encrypt(Ed25519PublicKey.from_ssh_public_key(public))
pathlib.Path("by-package").write_bytes(by_package)
lines, other = by_package.split(b"\n"), by_age.split(b"\n")
tag = base64.b64encode(hashlib.sha256(base64.b64decode(public.split()[1])).digest()[:4])
print("the tag is the key's:", lines[1].split()[2] == tag.rstrip(b"="))
print("lengths are as age's:", [*map(len, lines[:4])] == [*map(len, other[:4])])
print("size is as age's:", len(by_package) == len(by_age))
opens("the package's file, the package", lambda: with_package(by_package))
opens("the package's file, age", lambda: with_age("by-package"))
opens("the package's file, pyrage", lambda: with_pyrage(by_package))
opens("age's file, the package", lambda: with_package(by_age))
opens("age's file, age", lambda: with_age("by-age"))
opens("age's file, pyrage", lambda: with_pyrage(by_age))
native = pyrage.x25519.Identity.generate()
file = encrypt(AgePublicKey.from_public_string(str(native.to_public())))
opens("the package's file for X25519, pyrage", lambda: pyrage.decrypt(file, [native]))
END
venv/bin/python run.py > seen
cat > expected <<END
the tag is the key's: True
lengths are as age's: True
size is as age's: True
the package's file, the package: opens
the package's file, age: does not open
the package's file, pyrage: DecryptError
age's file, the package: NoIdentity
age's file, age: opens
age's file, pyrage: opens
the package's file for X25519, pyrage: opens
END
cat seen
diff expected seen
