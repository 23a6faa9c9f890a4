#!/bin/sh
# An RSA key of more than 4,096 bits is a recipient to age and none to rage's library; and what age
# encrypted to it, that library says it cannot decrypt, with the words it has for a forged stanza.
#
# Versions: pyrage 1.4.0 (the age crate of rage), age 1.1.1 and later, OpenSSH 9.2 and later.
# Expected: what age encrypts to an SSH key, rage's library decrypts with it; agessh names a least
#   length of RSA keys (2,048 bits) and no greatest.
# Seen: up to 4,096 bits both do both. Above, pyrage refuses the recipient (RsaModulusTooLarge), takes
#   the identity without a word, and raises "Decryption failed" for the file. The program rage 0.12
#   refuses the recipient and does decrypt. So an administrator with a long key reads a secret until
#   somebody rekeys it with rage, which cannot.
#
# It needs python3 with venv, age and ssh-keygen; it writes to a temporary folder alone, and fails when
# what is seen changes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pyrage==1.4.0

cat > rage.py <<END
import pathlib, pyrage, sys
public, private, file = (pathlib.Path(name).read_bytes() for name in sys.argv[1:])
try:
    pyrage.ssh.Recipient.from_str(public.decode())
    encrypts = "encrypts"
except pyrage.RecipientError as error:
    encrypts = str(error)
identity = pyrage.ssh.Identity.from_buffer(private)
try:
    decrypts = "decrypts" if pyrage.decrypt(file, [identity]) == b"text\n" else "another text"
except pyrage.DecryptError as error:
    decrypts = str(error)
print(f"pyrage: {encrypts}; {decrypts}")
END

for bits in 4096 4104; do
    ssh-keygen -q -t rsa -b "$bits" -N '' -C host -f "key$bits"
    echo text | age -R "key$bits.pub" > "file$bits"
    test "$(age -d -i "key$bits" "file$bits")" = text
    echo "$bits bits, age: encrypts; decrypts"
    echo "$bits bits, $(venv/bin/python rage.py "key$bits.pub" "key$bits" "file$bits")"
done > seen
cat > expected <<END
4096 bits, age: encrypts; decrypts
4096 bits, pyrage: encrypts; decrypts
4104 bits, age: encrypts; decrypts
4104 bits, pyrage: invalid public key: RsaModulusTooLarge; Decryption failed
END
cat seen
diff expected seen
