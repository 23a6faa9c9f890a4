"""What no file, no output and no terminal may show, whatever a test does."""

from hashlib import sha256

PLAINTEXT = b"the plaintext that no file may hold: 7d1f\n"
SAME_LENGTH = b"the plaintext that no file may hold: 0e6a\n"
HASH = sha256(PLAINTEXT).hexdigest().encode() + b"\n"
PASSPHRASE = "correct horse passphrase 9042"
PIN = "plugin pin 2718"

HIDDEN = (PLAINTEXT.strip(), SAME_LENGTH.strip(), PASSPHRASE.encode(), PIN.encode())
