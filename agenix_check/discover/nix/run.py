"""The one place that starts Nix: an expression and data in, JSON out.

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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import IO, Self

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
_MORE_MEMORY = "--nix-memory gives it more"
_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
_LATE = "error: Nix had not ended when its time was up"
_MOST_JSON = 1 << 28  # bytes of JSON; more than any fleet has
_TAIL = 1 << 16  # bytes of errors that are kept: the cause comes last
_CHUNK = 1 << 16


class NixError(Exception):
    """An evaluation failed; the text is all that Nix said."""


class NixTimeoutError(NixError):
    """An evaluation was ended because its time was up."""


@contextmanager
def in_this_shape() -> Iterator[None]:
    """Raise `NixError` where an answer has another shape than the shipped expression gives it."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError) as error:
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
    """Nix with one deadline for all evaluations; leaving the context ends those that still run.

    `settings` are the settings of the Git that Nix runs, `allowed` the beginnings of the addresses
    that may be read, `memory` how many bytes each process may take, where the system can bound it.
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
        self._allowed = " ".join(allowed)
        self._memory = memory
        self._deadline = time.monotonic() + timeout
        self._environment = _environment(os.environ, settings)
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def __enter__(self) -> Self:
        """Return itself; the time is already running."""
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

    def evaluate(self, expression: str, argument: Mapping[str, object]) -> object:
        """Apply the shipped expression of that name to data; raise `NixError` if Nix fails."""
        command = [self._program, *_FEATURES, "eval", "--json", *_FLAGS]
        for name, value in (*_OPTIONS.items(), ("allowed-uris", self._allowed)):
            command += ["--option", name, value]
        status, output, complaint = self._run([*command, "--expr", _call(expression, argument)])
        if status:
            raise NixError(complaint)
        try:
            found: object = json.loads(to_text(output))
        except RecursionError:
            raise NixError("error: the result is nested too deeply") from None
        except ValueError as error:
            raise NixError(f"error: the result is not JSON: {error}") from error
        return found

    def _run(self, command: list[str]) -> tuple[int, bytes, str]:
        try:
            process = self._start(command)
        except OSError as error:
            raise NixError(f"error: nix cannot be started: {error.strerror}") from error
        output, complaint = _Listener(process.stdout, _MOST_JSON), _Listener(process.stderr, None)
        try:
            while process.poll() is None:
                left = self._deadline - time.monotonic()
                if left <= 0:
                    raise NixTimeoutError(_LATE)
                if output.overflowed:
                    raise NixError("error: the result is too large")
                output.join(min(left, 0.2))
                if not output.is_alive():
                    _wait(process, left)
        finally:
            _kill(process)
            process.wait()
            with self._lock:
                self._running.discard(process)
            for listener in (output, complaint):
                listener.join()
        if output.overflowed:
            raise NixError("error: the result is too large")
        text = complaint.content().decode("utf-8", "replace")
        if process.returncode and _OUT_OF_MEMORY.search(text):
            raise NixError(f"error: it needs more than {self._memory >> 20} MiB; {_MORE_MEMORY}")
        if process.returncode and is_too_old(text):
            raise CannotCheckError("this Nix has no flakes; version 2.4 or newer is needed")
        return process.returncode, output.content(), text

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed or time.monotonic() >= self._deadline:
                raise NixTimeoutError(_LATE)
            process = subprocess.Popen(
                command,
                cwd=self._directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
            self._running.add(process)
            _bound_memory(process, self._memory)
        return process


class _Listener(threading.Thread):
    """Reads a stream to its end; keeps the first `most` bytes, or the last ones if that is None."""

    def __init__(self, stream: IO[bytes] | None, most: int | None) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._most = most
        self._chunks: list[bytes] = []
        self._size = 0
        self.start()

    @property
    def overflowed(self) -> bool:
        return self._most is not None and self._size > self._most

    def run(self) -> None:
        if self._stream is None:
            return
        with self._stream as stream:
            while chunk := os.read(stream.fileno(), _CHUNK):
                self._size += len(chunk)
                if not self.overflowed:
                    self._chunks.append(chunk)
                if self._most is None and len(self._chunks) > _TAIL // 16:
                    self._chunks = [b"".join(self._chunks)[-_TAIL:]]

    def content(self) -> bytes:
        whole = b"".join(self._chunks)
        return whole if self._most is not None else whole[-_TAIL:]


def _bound_memory(process: subprocess.Popen[bytes], most: int) -> None:
    """Bound what a process allocates; it has done nothing yet that counts."""
    if sys.platform == "linux":
        import resource

        with suppress(OSError):  # it ended already, or a lower bound is in force
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (most, most))


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(min(seconds, 0.2))
    except subprocess.TimeoutExpired:
        return


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
