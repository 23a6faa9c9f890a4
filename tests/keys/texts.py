"""What no file, no output and no terminal may show, whatever a test does."""

from hashlib import sha256

PLAINTEXT = b"the plaintext that no file may hold: 7d1f\n"
SAME_LENGTH = b"the plaintext that no file may hold: 0e6a\n"
HASH = sha256(PLAINTEXT).hexdigest().encode() + b"\n"
PASSPHRASE = "correct horse passphrase 9042"
PIN = "plugin pin 2718"

HIDDEN = (PLAINTEXT.strip(), SAME_LENGTH.strip(), PASSPHRASE.encode(), PIN.encode())

# An identity behind `PASSPHRASE`, for nothing else. Its work factor is 10: a program that makes one
# takes a second to open it. That a usual one opens is tried with what the age program makes.
LOCKED = (
    b"YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCB1eC9zcDFaZFZFSWkxRjNlcmZ6TytBIDEwCnVwRmRlN3dTUj"
    b"FFLzV0eFl4cUJpM05rMzBiUjdyRXZPV2pBVGlLRnRxdzgKLS0tIEJoaW9vRitwQVV6N1hrbzQ1cXd3bVhUUVpEN1gw"
    b"ak95ZUp2Y2pZSGZuTEkKoIrcaAGFSjjZx5jSbH18ZUBO3MGTP1JZM+ZwcOlC655OOmgkofj3uI5TxUqYju3GzrEjx/"
    b"riN35dT7uf4gF7/K7rfDsJtOWgYeO+YddbpRj0UVdqOIF7++VAPOaA7bSec+CbyOxKPBq4zX5kB8dGGJLS"
)
LOCKED_FOR = "age1ftdy4ngpee7cwa4kjg4jujy5hkkzp4c3u4tln89nzrmcva7dredsp3487f"
