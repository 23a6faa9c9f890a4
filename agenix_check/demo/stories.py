"""Five stories: what was done, what the real commands say, the fix that they name, all green."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

from agenix_check.demo.plain_sample import PlainSample, alices_identity
from agenix_check.demo.sample_fleet import CI_KEY, DB, SampleFleet
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import new_identity
from agenix_check.model.frozen import frozen
from agenix_check.report.escape import BOLD, RED, inert, paint

# Runs the program in a directory with some arguments; gives the exit code and what it printed.
Execute = Callable[[Path, Sequence[str]], tuple[int, str]]

KEY_FILE = ".git/demo.key"
PAGE = "fleet.html"
_MASTER_KEY = "master.key"
_KEY_SETTING = f"""\
# The demo's own key, which decrypts every secret. Yours is not in the repository's directory.
identities = ["{KEY_FILE}"]
"""
_LEFT_ALONE = ("PATH", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "COLUMNS", "TERM", "NO_COLOR")
_Broken = TypeVar("_Broken", SampleFleet, PlainSample)


@frozen
class Story(Generic[_Broken]):
    """What happened to a sample, the rule that names it, and the commands that fix it."""

    title: str
    act: Callable[[_Broken], None]
    rule: str
    fix: tuple[tuple[str, ...], ...] = (("agenix-check", "--fix"),)


def _edit(fleet: SampleFleet) -> None:
    fleet.edit(DB)
    fleet.shop.stage()


def _install_anew(fleet: SampleFleet) -> None:
    fleet.shop.host("delta", f"{new_identity()[1]}\n")
    fleet.shop.stage()


def _let_beta_read(fleet: SampleFleet) -> None:
    fleet.overwrite("gamma", CI_KEY, fleet.encrypt(CI_KEY.plaintext, "gamma", "beta"))


def _stage_master_key(fleet: SampleFleet) -> None:
    fleet.shop.write(_MASTER_KEY, f"{fleet.shop.identity}\n")
    fleet.shop.stage()


def _leave(sample: PlainSample) -> None:
    sample.rule(("alice",))


STORIES = (
    Story(
        title="Somebody changed the database's password and forgot to rekey",
        act=_edit,
        rule="output-stale",
    ),
    Story(
        title="Host delta was installed anew: it has another key now",
        act=_install_anew,
        rule="output-stale",
    ),
    Story(
        title="Somebody let beta read gamma's CI key, which no module says",
        act=_let_beta_read,
        rule="output-extra-recipient",
    ),
    Story(
        title="git add -A took the master key along",
        act=_stage_master_key,
        rule="private-key",
        fix=(("git", "rm", "--cached", f":/{_MASTER_KEY}"), ("agenix-check",)),
    ),
)
PLAIN_STORIES = (
    Story(
        title="Plain agenix: Bob left secrets.nix, and nobody rekeyed",
        act=_leave,
        rule="plain-unknown-recipient",
    ),
)


_LOOKS = (
    ("What is in the fleet?", "fleet"),
    ("Who can read what?", "access"),
    ("All of it as one page for a browser", "--output", f"html={PAGE}"),
)


class Telling:
    """Tells stories on a terminal, and remembers what did not go as it must.

    `pause` is called between two screens.
    """

    def __init__(
        self,
        execute: Execute,
        write: Callable[[str], object],
        *,
        color: bool,
        pause: Callable[[], None],
    ) -> None:
        self._execute = execute
        self._write = write
        self._color = color
        self._pause = pause
        self._defects = 0

    def run(self, top: Path, place: str | None) -> int:
        """Build the samples, tell every story, show what is in the fleet, return the exit code.

        `place` is what the user calls the fleet's directory; None if it is a scratch one.
        """
        number = len(STORIES) + len(PLAIN_STORIES)
        self._say(
            f"Four hosts with five secrets, encrypted for real; {number} things that happen to",
            "such fleets; what agenix-check says of them; and the fix that it names. Delta has",
            "an age key: its two files do not show whose they are, so they are unverifiable.",
            "",
        )
        with tempfile.TemporaryDirectory(prefix="agenix-check-demo-") as home, _away(Path(home)):
            fleet = SampleFleet(top)
            fleet.build()
            _keep_key(fleet.shop, fleet.shop.identity)
            self._tell(fleet, STORIES, 1)
            plain = PlainSample(Path(home, "plain"))
            plain.build()
            _keep_key(plain.shop, alices_identity())
            self._tell(plain, PLAIN_STORIES, 1 + len(STORIES))
            self._look_around(fleet.shop)
        return self._close(place)

    def _tell(self, sample: _Broken, stories: Sequence[Story[_Broken]], first: int) -> None:
        for number, one in enumerate(stories, first):
            if number > 1:
                self._pause()
            self._say(self._paint(f"{number}. {one.title}"))
            one.act(sample)
            if f"[{one.rule}]" not in self._type(sample.shop, ("agenix-check",), 1):
                self._complain(f"the gate did not name {one.rule}")
            for command in one.fix:
                self._type(sample.shop, command, 0)
            (sample.shop.top / _MASTER_KEY).unlink(missing_ok=True)
            sample.shop.commit(f"Fix: {one.title}")

    def _look_around(self, shop: Workshop) -> None:
        for title, *arguments in _LOOKS:
            self._pause()
            self._say(self._paint(title))
            self._type(shop, ("agenix-check", *arguments), 0)

    def _type(self, shop: Workshop, command: tuple[str, ...], expected: int) -> str:
        """Show a command and what it prints; complain of another exit code than expected."""
        self._say(self._paint(f"$ {' '.join(command)}"))
        program, *arguments = command
        if program == "git":
            git = shop.git.with_environment({"GIT_LITERAL_PATHSPECS": "0"})
            code, said = 0, git.run(*arguments).decode()
        else:
            code, said = self._execute(shop.top, arguments)
        self._write(f"{said}\n")
        if code != expected:
            self._complain(f"{' '.join(command)} ended with {code} and not {expected}")
        return said

    def _close(self, place: str | None) -> int:
        if self._defects:
            return 1
        told = [
            "Now in your own repository: agenix-check fleet, then agenix-check.",
            "agenix-check demo --all breaks the fleet in all the other ways.",
        ]
        if place is None:
            told.append("agenix-check demo DIR keeps the fleet in DIR, to play with.")
        else:
            told.append(
                f"The fleet is in {place}, to play with; --fix works there; see {PAGE} too."
            )
        self._say(*told)
        return 0

    def _complain(self, sentence: str) -> None:
        self._defects += 1
        text = "This is a defect in agenix-check"
        self._say((paint(text, RED) if self._color else text) + f": {sentence}", "")

    def _say(self, *lines: str) -> None:
        self._write(inert("\n".join(lines) + "\n"))

    def _paint(self, text: str) -> str:
        return paint(text, BOLD) if self._color else text


def _keep_key(shop: Workshop, identity: str) -> None:
    """Put the key that decrypts where only the demo's settings find it, and leave the page out."""
    (shop.top / KEY_FILE).write_text(f"{identity}\n")
    (shop.top / KEY_FILE).chmod(0o600)
    (shop.top / ".git" / "info").mkdir(exist_ok=True)
    (shop.top / ".git" / "info" / "exclude").write_text(f"/{PAGE}\n")
    shop.write("agenix-check.toml", _KEY_SETTING)
    shop.commit("Say which key fixes")


@contextmanager
def _away(home: Path) -> Iterator[None]:
    """Keep the user's variables and SSH keys, and those of a CI job, from the commands."""
    saved = dict(os.environ)
    for name in saved:
        if name not in _LEFT_ALONE and not name.startswith("GIT_"):
            del os.environ[name]
    os.environ["HOME"] = str(home)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)
