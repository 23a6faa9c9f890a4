"""Questions to the person at the terminal, also those that plugins ask.

The terminal is `/dev/tty`: a hook's standard input and output are pipes even where someone sits
there. Without a terminal nothing is asked, and nothing waits.
"""

import contextlib
import os
import sys
import termios
from collections.abc import Iterator


def printable(text: str) -> str:
    """Return a text with `?` for what could control a terminal: a file or a plugin chose it."""
    return "".join(char if char.isprintable() else "?" for char in text)


class Terminal:
    """The controlling terminal of this process, opened anew for each question."""

    def available(self) -> bool:
        """Return whether there is one."""
        try:
            with _opened():
                return True
        except OSError:
            return False

    def say(self, text: str) -> None:
        """Show lines; on standard error where there is no terminal."""
        shown = "".join(f"{printable(line)}\n" for line in text.splitlines())
        try:
            with _opened() as tty:
                os.write(tty, shown.encode("utf-8", "replace"))
        except OSError:
            sys.stderr.write(shown)
            sys.stderr.flush()

    def ask(self, question: str, *, hidden: bool = False) -> str | None:
        """Return the line that is typed; with `hidden`, typing is not shown.

        None where there is no terminal, at the end of input, or if the line is not UTF-8.
        """
        try:
            # The echo is off before there is a question: who answers at once must not be seen.
            with _opened() as tty, _hidden(tty) if hidden else contextlib.nullcontext():
                os.write(tty, f"{printable(question)} ".encode("utf-8", "replace"))
                line = _read_line(tty)
        except (OSError, termios.error):
            return None
        try:
            return None if line is None else line.decode("utf-8")
        except UnicodeDecodeError:
            return None


class PluginPrompts:
    """What pyrage calls when a plugin asks. It aborts on exceptions, so none may leave this class.

    An exception (an interrupt) is kept in `raised`; `needs_terminal` is true where there was a
    question and no terminal. A secret that worked is given again without asking, but only once in
    each attempt: a secret that has become wrong must not use up the tries of a hardware key.
    """

    def __init__(self, name: str, terminal: Terminal) -> None:
        self.raised: BaseException | None = None
        self.needs_terminal = False
        self._name = name
        self._terminal = terminal
        self._known: dict[str, str] = {}
        self._given: dict[str, str] = {}

    def begin(self) -> None:
        """Forget what happened in the attempt before."""
        self.raised = None
        self.needs_terminal = False
        self._given = {}

    def end(self, *, worked: bool) -> None:
        """Remember the secrets of an attempt that worked; forget all if it did not."""
        self._known = {**self._known, **self._given} if worked else {}
        self._given = {}

    def display_message(self, message: str) -> None:
        """Show what the plugin says."""
        try:
            self._terminal.say(f"{self._name}: {message}")
        except BaseException as error:  # noqa: BLE001 - see the class
            self.raised = error

    def confirm(self, message: str, yes_string: str, no_string: str | None) -> bool | None:
        """Ask for one of two answers, or for Enter where there is only one."""
        if no_string is None:
            return None if self._ask(f"{message} [Enter: {yes_string}]") is None else True
        answer = self._ask(f"{message} [y: {yes_string}, n: {no_string}]")
        return None if answer is None else answer.strip().lower() in ("y", "yes")

    def request_public_string(self, description: str) -> str | None:
        """Ask for a text that may be seen."""
        return self._ask(f"{description}:")

    def request_passphrase(self, description: str) -> str | None:
        """Ask for a PIN or a passphrase."""
        known = self._known.get(description)
        if known is None or description in self._given:
            known = self._ask(f"{description}:", hidden=True)
        if known is not None:
            self._given[description] = known
        return known

    def _ask(self, question: str, *, hidden: bool = False) -> str | None:
        try:
            if not self._terminal.available():
                self.needs_terminal = True
                return None
            return self._terminal.ask(f"{self._name}: {question}", hidden=hidden)
        except BaseException as error:  # noqa: BLE001 - see the class
            self.raised = error
            return None


@contextlib.contextmanager
def aborts_as_interrupts() -> Iterator[None]:
    """Turn pyrage's panic into an interrupt: a prompt that it called was interrupted."""
    try:
        yield
    except BaseException as error:
        if is_panic(error):
            raise KeyboardInterrupt from None
        raise


def is_panic(error: BaseException) -> bool:
    """Return whether pyrage panicked; it has no exception class for that."""
    return type(error).__name__ == "PanicException"


@contextlib.contextmanager
def _opened() -> Iterator[int]:
    number = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        yield number
    finally:
        os.close(number)


@contextlib.contextmanager
def _hidden(tty: int) -> Iterator[None]:
    """Switch the echo off; drop what was typed before, which was visible."""
    before = termios.tcgetattr(tty)
    quiet = [*before]
    quiet[3] &= ~termios.ECHO
    termios.tcsetattr(tty, termios.TCSAFLUSH, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(tty, termios.TCSAFLUSH, before)
        os.write(tty, b"\n")


def _read_line(tty: int) -> bytes | None:
    """Return a line without its end, or None at the end of input."""
    line = b""
    while piece := os.read(tty, 1024):
        line += piece
        if line.endswith(b"\n"):
            return line[:-1]
    return line or None
