"""Identity files for another program: by their path, or as an open file without a name."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from agenix_check.keys.errors import DecryptionError
from agenix_check.keys.identities import IdentityFile

_PIPE = 4096  # in bytes: what every pipe takes before anyone reads


class Handed(NamedTuple):
    """Paths that a program can open, and the descriptors that it must inherit for them."""

    paths: list[str]
    descriptors: list[int]


@contextmanager
def handed_over(files: Iterable[IdentityFile]) -> Iterator[Handed]:
    """Make identity files readable for a child process; nothing is written to a file system.

    Only an identity from a commit, or from a pipe, has no path of its own.
    """
    handed = Handed([], [])
    with ExitStack() as stack:
        for file in files:
            if file.place is not None:
                handed.paths.append(str(file.place))
                continue
            number = _descriptor(file)
            stack.callback(os.close, number)
            handed.descriptors.append(number)
            handed.paths.append(f"/dev/fd/{number}")
        yield handed


def _descriptor(file: IdentityFile) -> int:
    content = file.content or b""
    if hasattr(os, "memfd_create"):
        memory = os.memfd_create("identity", os.MFD_CLOEXEC)
        os.write(memory, content)
        os.lseek(memory, 0, os.SEEK_SET)
        return memory
    if len(content) > _PIPE:
        raise DecryptionError(f"{file.path} cannot be given to an age program: name it with -i")
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(content)
    return reader
