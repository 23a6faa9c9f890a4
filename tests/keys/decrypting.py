"""Decrypts files as a program of its own, and says what came out by its hash.

python -m tests.keys.decrypting [--age PROGRAM] [-i IDENTITY]... FILE...
"""

import argparse
import sys
from hashlib import sha256
from pathlib import Path

from agenix_check.errors import AgenixCheckError
from agenix_check.keys.identities import load
from agenix_check.keys.keychain import Keychain


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--age")
    parser.add_argument("-i", action="append", default=[])
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    try:
        keychain = Keychain(load(given=options.i).files, options.age)
        for file in options.files:
            try:
                plaintext = keychain.decrypt(Path(file).name, Path(file).read_bytes())
            except AgenixCheckError as error:
                print(f"error: {error}", file=sys.stderr)  # noqa: T201
            else:
                print(sha256(plaintext).hexdigest())  # noqa: T201
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
