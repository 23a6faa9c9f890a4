"""The one place that starts Git: bytes in, bytes out, no prompt, no network, no hook."""

import io
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from fcntl import fcntl
from functools import cache
from importlib.machinery import PathFinder
from types import ModuleType
from typing import IO, TYPE_CHECKING, BinaryIO

from agenix_check.errors import CannotCheckError
from agenix_check.git.paths import local_text, to_bytes
from agenix_check.model.frozen import frozen

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from git.cmd import Git as GitCommand
    from git.exc import GitCommandNotFound

# What a repository must not make Git do while we only look.
_QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false")

_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "",  # a partial clone must not fetch
    "GIT_GRAFT_FILE": "/dev/null",  # the real parents of a commit
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_LITERAL_PATHSPECS": "1",  # a path is a path, whatever characters it has
    "GIT_NO_REPLACE_OBJECTS": "1",  # the bytes that are pushed, not their replacements
    "GIT_OPTIONAL_LOCKS": "0",  # do not refresh the index in passing
    "GIT_TERMINAL_PROMPT": "0",
}

_PACKAGES = ("git", "gitdb")
_SET_PIPE_SIZE = 1031  # Linux's F_SETPIPE_SZ; elsewhere it is refused
_PIPE_SIZE = 1 << 20  # bytes: the most that anybody may ask for
_READ_AT_ONCE = 1 << 16  # bytes that are read at once
_MOST_SMALL = 8  # pieces, one after another
_MOMENT = 0.001  # seconds: Git writes a few hundred KiB meanwhile
_NAMED_OBJECT = re.compile(r"\b[0-9a-f]{40}")


class GitError(CannotCheckError):
    """Git could not answer; the text is Git's own first line."""


class Git:
    """Git in one directory, with one environment on top of the caller's.

    Arguments are passed as they are and never through a shell; callers put `--` before paths and
    `--end-of-options` before revisions that a user typed.
    """

    def __init__(self, directory: str, environment: Mapping[str, str] | None = None) -> None:
        self._directory = directory
        self._environment = {**_ENVIRONMENT, **(environment or {})}
        self._git = load_command().command(directory)
        self._git.update_environment(**self._environment)

    def with_environment(self, environment: Mapping[str, str]) -> "Git":
        """Return the same Git with more variables set."""
        return Git(self._directory, {**self._environment, **environment})

    def variable(self, name: str) -> str | None:
        """Return a variable as Git sees it."""
        return self._environment.get(name, os.environ.get(name))

    def at(self, directory: str) -> "Git":
        """Return the same Git in another directory."""
        return Git(directory, self._environment)

    def with_settings(self, settings: Mapping[str, str]) -> "Git":
        """Return the same Git with more settings, which win over those in files."""
        known = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
        environment = {"GIT_CONFIG_COUNT": str(known + len(settings))}
        for number, (name, value) in enumerate(settings.items(), known):
            environment[f"GIT_CONFIG_KEY_{number}"] = name
            environment[f"GIT_CONFIG_VALUE_{number}"] = value
        return self.with_environment(environment)

    def attempt(
        self, *arguments: str, lines: Iterable[str] = (), given: bytes = b""
    ) -> tuple[int, bytes, str]:
        """Run Git with `lines`, or with what is `given`, as its standard input.

        Returns its exit status, standard output and standard error.
        """
        with _requests(lines, given) as requests, _git_is_there():
            status, output, complaint = self._git.execute(
                ["git", *_QUIET, *map(local_text, arguments)],
                istream=requests,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
            )
        return status, output, complaint

    def run(self, *arguments: str, given: bytes = b"") -> bytes:
        """Run Git and return its standard output; raise `GitError` where it fails."""
        status, output, complaint = self.attempt(*arguments, given=given)
        if status:
            raise GitError(first_line(complaint, arguments[0]))
        return output

    @contextmanager
    def stream(self, *arguments: str, lines: Iterable[str] = ()) -> Iterator[IO[bytes]]:
        """Run Git with `lines` as its standard input; yield its standard output to read.

        Leaving early ends Git, and its errors are ignored. Raises `GitError` if Git fails.
        """
        with _requests(lines) as requests:
            with _git_is_there():
                process = self._git.execute(
                    ["git", *_QUIET, *map(local_text, arguments)],
                    istream=requests,
                    as_process=True,
                )
            running = process.proc
            if running is None or running.stdout is None or running.stderr is None:
                raise GitError(f"git {arguments[0]}: did not start")
            output = io.BufferedReader(_Gathered(running.stdout), _READ_AT_ONCE)
            said: list[bytes] = []
            # Read in a thread: a Git with many complaints would wait for us, and we for it.
            listener = threading.Thread(target=_listen, args=(running.stderr, said))
            listener.start()
            with running:
                try:
                    yield output
                    if output.read(1):
                        return
                    if running.wait():
                        listener.join()
                        complaint = b"".join(said).decode("utf-8", "replace")
                        raise GitError(first_line(complaint, arguments[0]))
                finally:
                    running.terminate()
                    listener.join()


class _Gathered(io.RawIOBase):
    """What Git writes into a pipe, taken in few and large pieces.

    Git writes each blob by itself. If we read as fast as that, we are woken for every blob, which
    costs both as much as all else; so after some small pieces we wait for more of them.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe.fileno()
        self._small = 0
        self._most = _MOST_SMALL
        try:
            fcntl(self._pipe, _SET_PIPE_SIZE, _PIPE_SIZE)
        except OSError:
            self._most = sys.maxsize  # a usual pipe is full before we would read it again

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read what is there, at least one byte unless it is the end."""
        if self._small > self._most:
            time.sleep(_MOMENT)
        size = os.readv(self._pipe, [buffer])
        self._small = self._small + 1 if size * 2 < memoryview(buffer).nbytes else 0
        return size


@contextmanager
def _git_is_there() -> Iterator[None]:
    try:
        yield
    except load_command().not_found as error:
        raise CannotCheckError("git was not found on PATH; install Git") from error


@frozen(kw_only=False)
class Loaded:
    """The parts of GitPython in use: its command runner, and the error it raises without a Git."""

    command: "type[GitCommand]"
    not_found: "type[GitCommandNotFound]"


@cache
def load_command() -> Loaded:
    """Import GitPython's command runner without the rest of the package.

    The package's `__init__` imports an object model that is not used here and asks Git for its
    version: a third of the whole run on a commit in order. What is imported here stays private: a
    later `import git` in the same process gets the whole package.
    """
    others = {*sys.modules}
    bare = "git" not in others
    if bare:
        for package in _PACKAGES:
            _enter(package)
    try:
        from git.cmd import Git as GitCommand
        from git.exc import GitCommandNotFound
    finally:
        for name in {*sys.modules} - others if bare else ():
            if name.partition(".")[0] in _PACKAGES:
                del sys.modules[name]
    return Loaded(GitCommand, GitCommandNotFound)


def _enter(package: str) -> None:
    """Make the modules of a package importable without running its `__init__`."""
    spec = PathFinder.find_spec(package)
    places = spec.submodule_search_locations if spec else None
    if places and package not in sys.modules:
        sys.modules[package] = module = ModuleType(package)
        module.__path__ = list(places)


@contextmanager
def _requests(lines: Iterable[str], given: bytes = b"") -> Iterator[BinaryIO]:
    requests = None
    try:
        requests = tempfile.TemporaryFile()  # noqa: SIM115 - closed below
        requests.write(given or to_bytes("\n".join((*lines, ""))))
        requests.seek(0)
    except OSError as error:
        if requests is not None:
            with suppress(OSError):  # closing tries to write again
                requests.close()
        raise CannotCheckError(f"cannot write a temporary file: {error.strerror}") from error
    with requests:
        yield requests


def _listen(stderr: IO[bytes], said: list[bytes]) -> None:
    """Keep the beginning of Git's complaints, and read on to the end.

    An interrupt may close the pipe meanwhile; then nobody needs what was said.
    """
    with suppress(ValueError, OSError):
        while chunk := stderr.read(1 << 16):
            if len(said) < 16:
                said.append(chunk)


def first_line(complaint: str, command: str) -> str:
    """Return the line of Git's complaint that says what is wrong; one with an object id first.

    A line that ends in a colon names in the next one what it is about.
    """
    complaint = re.sub(r":\s*\n\s+", ": ", complaint)
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    for line in sorted(lines, key=lambda line: _NAMED_OBJECT.search(line) is None):
        for prefix in ("fatal: ", "error: "):
            if line.startswith(prefix):
                return f"git {command}: {line.removeprefix(prefix)}"
    return f"git {command}: {lines[0] if lines else 'failed'}"
