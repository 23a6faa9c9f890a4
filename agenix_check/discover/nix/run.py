"""The one place that starts Nix: an expression and data in, JSON out, piece by piece.

Evaluation is pure and offline, builds nothing, obeys no setting of the flake and has a time limit.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from queue import Empty, SimpleQueue
from secrets import token_hex
from types import MappingProxyType, TracebackType
from typing import IO, Any, NamedTuple, Self

from agenix_check.discover.nix.message import is_too_old
from agenix_check.errors import CannotCheckError
from agenix_check.git.paths import to_text

_OPTIONS = {
    "accept-flake-config": "false",
    "allow-import-from-derivation": "false",
    "allow-unsafe-native-code-during-evaluation": "false",
    "pure-eval": "true",
    "restrict-eval": "true",
    "show-trace": "false",
    "use-registries": "false",
}
_FLAGS = ("--offline", "--no-update-lock-file", "--no-write-lock-file")
_FEATURES = ("--extra-experimental-features", "nix-command flakes")

# Where the store and its daemon are; every other variable of Nix's could change what is evaluated.
_STORE_VARIABLES = (
    "NIX_CACHE_HOME",
    "NIX_CONF_DIR",
    "NIX_DAEMON_SOCKET_PATH",
    "NIX_LOG_DIR",
    "NIX_REMOTE",
    "NIX_STATE_DIR",
    "NIX_STORE_DIR",
)
_NOWHERE = "http://127.0.0.1:9"  # the discard port: refused at once
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy")

# What Git may do for Nix: read local repositories, without anybody's configuration.
_GIT = {
    "GIT_ALLOW_PROTOCOL": "file",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
}

_OUT_OF_MEMORY = re.compile(r"(?i)out of memory|bad_alloc|cannot allocate memory|heap expansion")
_MORE_TIME = "--nix-timeout gives it more"
_MORE_MEMORY = "--nix-memory gives it more"
_KILLED = "error: the system ended it, perhaps because there was no memory left"
_FULL = 0.6  # of the memory that a process may take; the collector needs room
_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
_MOST_JSON = 1 << 28  # bytes of JSON; more than any fleet has
_TAIL = 1 << 16  # bytes of errors that are kept: the cause comes last
_CHUNK = 1 << 16
_LOOK = 0.2  # seconds after which a process that says nothing is looked at


class NixError(Exception):
    """An evaluation failed; the text is all that Nix said."""


class NixTimeoutError(NixError):
    """Nix was ended because its time was up."""


class NixMemoryError(NixError):
    """Nix ended because it may take no more memory, or because the machine has none."""


class NixMessage(NamedTuple):
    """What Nix says while it evaluates, and whether it needs nearly all the memory that it may."""

    value: Any
    is_nearly_full: bool


@contextmanager
def in_this_shape() -> Iterator[None]:
    """Raise `NixError` where an answer has another shape than the shipped expression gives it."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, StopIteration, TypeError) as error:
        raise NixError("error: Nix answered in another shape than was asked for") from error


def nix_program() -> str | None:
    """Return the Nix on PATH, or None."""
    return shutil.which("nix")


def require_nix() -> str:
    """Return the Nix on PATH; raise `CannotCheckError` if there is none."""
    program = nix_program()
    if program is None:
        raise CannotCheckError("nix was not found on PATH; install Nix, or use --inventory names")
    return program


class Nix:
    """Nix, for many evaluations; leaving the context ends those that still run.

    `timeout` is how many seconds an evaluation may say nothing, `settings` are the settings of the
    Git that Nix runs, `allowed` the beginnings of the addresses that may be read, `memory` how many
    bytes each process may take, where the system can bound it.
    """

    def __init__(
        self,
        program: str,
        directory: Path,
        timeout: float,
        settings: Mapping[str, str] = _NO_SETTINGS,
        *,
        allowed: Sequence[str],
        memory: int,
    ) -> None:
        self._program = program
        self._directory = directory
        self._timeout = timeout
        self._allowed = " ".join(allowed)
        self._memory = memory
        self._environment = _environment(os.environ, settings)
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what still runs, and start nothing more."""
        with self._lock:
            self._closed = True
            for process in self._running:
                _kill(process)

    def evaluate(
        self, expression: str, argument: Mapping[str, object]
    ) -> Generator[NixMessage, None, None]:
        """Apply the shipped expression of that name to data; yield what it says, when it says it.

        Raises `NixError` if Nix fails, `NixTimeoutError` and `NixMemoryError` if it takes too much.
        Closing the iterator ends Nix.
        """
        mark = token_hex(16)  # nothing that is evaluated can know it
        command = [self._program, *_FEATURES, "eval", "--log-format", "raw", *_FLAGS]
        for name, value in (*_OPTIONS.items(), ("allowed-uris", self._allowed)):
            command += ["--option", name, value]
        command += ["--expr", _call(expression, {**argument, "mark": mark})]
        try:
            process = self._start(command)
        except OSError as error:
            raise NixError(f"error: nix cannot be started: {error.strerror}") from error
        messages = _Messages(process.stderr, f"trace: {mark} ".encode())
        try:
            while (line := self._next(process, messages)) is not None:
                yield NixMessage(_read_json(line), _resident(process) > _FULL * self._memory)
            if not messages.overflowed:
                _wait(process, self._timeout)
        finally:
            _kill(process)
            process.wait()
            with self._lock:
                self._running.discard(process)
            messages.join()
        if messages.overflowed:
            raise NixError("error: the result is too large")
        if process.returncode:
            raise self._failure(process.returncode, messages.tail())

    def _next(self, process: subprocess.Popen[bytes], messages: "_Messages") -> bytes | None:
        """Return what is said next; None at the end."""
        deadline = time.monotonic() + self._timeout
        while (left := deadline - time.monotonic()) > 0:
            with suppress(Empty):
                return messages.said.get(timeout=min(left, _LOOK))
            if process.poll() is not None:
                _kill(process)  # what it started may hold its end of the pipe
        raise NixTimeoutError(
            f"error: it did not finish within {self._timeout:g} seconds; {_MORE_TIME}"
        )

    def _failure(self, status: int, complaint: str) -> Exception:
        if is_too_old(complaint):
            return CannotCheckError("this Nix has no flakes; version 2.4 or newer is needed")
        if _OUT_OF_MEMORY.search(complaint):
            most = f"{self._memory >> 20} MiB"
            return NixMemoryError(f"error: it needs more than {most}; {_MORE_MEMORY}")
        if status == -signal.SIGKILL:
            return NixMemoryError(_KILLED)
        return NixError(complaint)

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise NixError("error: Nix is not asked any more")
            process = subprocess.Popen(
                [*_bounded(self._memory), *command],
                cwd=self._directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
            self._running.add(process)
        return process


class _Messages(threading.Thread):
    """Reads Nix's messages to their end: what was marked goes to `said`, of the rest the end stays.

    At the end None is said.
    """

    def __init__(self, stream: IO[bytes] | None, mark: bytes) -> None:
        super().__init__(daemon=True)
        self.said: SimpleQueue[bytes | None] = SimpleQueue()
        self.overflowed = False
        self._stream = stream
        self._mark = mark
        self._tail = b""
        self.start()

    def run(self) -> None:
        pieces: list[bytes] = []
        try:
            for chunk in self._chunks():
                *ends, rest = chunk.split(b"\n")
                for end in ends:
                    self._take(b"".join((*pieces, end, b"\n")))
                    pieces.clear()
                pieces.append(rest)
                if self._mark not in pieces[0] and sum(map(len, pieces)) > _TAIL:
                    pieces = [b"".join(pieces)]
                    if self._mark not in pieces[0]:  # nothing that we asked for: the end is enough
                        pieces = [pieces[0][-_TAIL:]]
            self._take(b"".join(pieces))
        finally:
            self.said.put(None)

    def _chunks(self) -> Iterator[bytes]:
        """Yield what is read, until it is too much; the rest is read and dropped."""
        if self._stream is None:
            return
        with self._stream as stream:
            size = 0
            while chunk := os.read(stream.fileno(), _CHUNK):
                size += len(chunk)
                if size <= _MOST_JSON:
                    yield chunk
                elif not self.overflowed:
                    self.overflowed = True
                    self.said.put(None)

    def _take(self, line: bytes) -> None:
        _, mark, said = line.partition(self._mark)
        if mark:
            self.said.put(said.rstrip(b"\n"))
        else:
            self._tail = (self._tail + line)[-_TAIL:]

    def tail(self) -> str:
        return self._tail.decode("utf-8", "replace")


def _bounded(most: int) -> Sequence[str]:
    """Return what stands before a command to bound what its process allocates.

    The bound is there before Nix sets up its heap, which may be larger: else it depends on who of
    the two is first whether Nix has any memory left. A lower bound that is in force stays.
    """
    if sys.platform != "linux":
        return ()
    return ("/bin/sh", "-c", 'ulimit -d "$0" 2>/dev/null; exec "$@"', str(most >> 10))


def _resident(process: subprocess.Popen[bytes]) -> int:
    """Return how many bytes of memory a process has by itself; 0 where that is not known."""
    if sys.platform != "linux":
        return 0
    try:
        text = Path(f"/proc/{process.pid}/statm").read_text("ascii")
    except OSError:
        return 0
    _, resident, shared, *_ = map(int, text.split())
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


def _read_json(line: bytes) -> object:
    try:
        found: object = json.loads(to_text(line))
    except RecursionError:
        raise NixError("error: the result is nested too deeply") from None
    except ValueError as error:
        raise NixError(f"error: the result is not JSON: {error}") from error
    return found


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _environment(given: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for Nix: no network, and only those `GIT_*` and `NIX_*` that we know.

    `settings` are all the configuration that its Git gets.
    """
    kept = {
        name: value
        for name, value in given.items()
        if not name.startswith(("GIT_", "NIX_")) and name.lower() not in (*_PROXIES, "no_proxy")
    }
    kept |= {name: given[name] for name in _STORE_VARIABLES if name in given}
    kept |= {name: _NOWHERE for proxy in _PROXIES for name in (proxy, proxy.upper())}
    kept |= {**_GIT, "GIT_CONFIG_COUNT": str(len(settings)), "LC_ALL": "C"}
    for number, (name, value) in enumerate(settings.items()):
        kept |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return kept


def _call(expression: str, argument: Mapping[str, object]) -> str:
    """Return Nix code that applies an expression to data; no character can break out of it."""
    source = files("agenix_check.discover.nix").joinpath(expression).read_text("utf-8")
    data = json.dumps(argument, ensure_ascii=True)
    for special in ("\\", '"', "$"):
        data = data.replace(special, f"\\{special}")
    return f'({source}) (builtins.fromJSON "{data}")'
