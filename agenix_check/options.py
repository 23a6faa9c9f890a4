"""The table of options: each has one name, as an option, a setting and a variable."""

from collections.abc import Sequence
from typing import NamedTuple

FORMATS = ("text", "json", "github", "gitlab", "sarif", "markdown", "html", "junit")
COLORS = ("auto", "always", "never")


class Option(NamedTuple):
    """One option: `kind` is `flag`, `text`, `number` or `list`; `values` are the only ones allowed.

    One without a help text is a setting and a variable only.
    """

    name: str
    kind: str
    help: str
    group: str
    metavar: str | None = None
    values: tuple[str, ...] = ()
    short: str | None = None


_SNAPSHOT, _WHICH, _FLEET, _REPORT, _MEND, _FAIL, _RUN = (
    "which snapshot", "which outputs", "where the fleet comes from", "reports", "with private keys",
    "what fails", "running",
)  # fmt: skip
INVENTORIES = ("auto", "nix", "lock", "names")
EVALUATE = ("always", "relevant", "never")

OPTIONS: tuple[Option, ...] = (
    Option("staged", "flag", "check the index, against HEAD (the default)", _SNAPSHOT),
    Option("rev", "text", "check this commit, against its first parent", _SNAPSHOT, "REV"),
    Option("worktree", "flag", "check what `git add --all` would stage", _SNAPSHOT),
    Option("from-ref", "text", "compare with the commit at which it left REV", _SNAPSHOT, "REV"),
    Option("to-ref", "text", "with --from-ref: the commit to check", _SNAPSHOT, "REV"),
    Option("node", "list", "only nodes that match (repeatable)", _WHICH, "GLOB"),
    Option("secret", "list", "only secrets that match (repeatable)", _WHICH, "GLOB"),
    Option(
        "inventory",
        "text",
        "auto: Nix if it is there, else the lock file, else file names",
        _FLEET,
        values=INVENTORIES,
    ),
    Option(
        "evaluate",
        "text",
        "when a change makes Nix evaluate anew (CI: always)",
        _FLEET,
        values=EVALUATE,
    ),
    Option("nix-timeout", "number", "the longest that Nix may take (120)", _FLEET, "SECONDS"),
    Option("flake", "text", "", _FLEET),
    Option("nodes", "list", "", _FLEET),
    Option("collect-home-manager", "flag", "", _FLEET),
    Option("rules", "list", "", _FLEET),
    Option(
        "format",
        "text",
        "what goes to standard output (text; on GitHub Actions: github)",
        _REPORT,
        values=FORMATS,
    ),
    Option("output", "list", "write a report besides (repeatable)", _REPORT, "FORMAT=FILE"),
    Option("junit", "text", "the same as --output junit=FILE", _REPORT, "FILE"),
    Option("decrypt", "flag", "compare plaintexts too, where the identities allow it", _MEND),
    Option("fix", "flag", "mend what can be mended, stage it, and check again", _MEND),
    Option("dry-run", "flag", "with --fix: only say what would be done", _MEND),
    Option(
        "identity",
        "list",
        "for --fix and --decrypt: a file with an identity (repeatable)",
        _MEND,
        "FILE",
        short="i",
    ),
    Option("identities", "list", "", _MEND),
    Option("age", "text", "the age program, for what is not built in", _MEND, "PROGRAM"),
    Option(
        "update-masters", "flag", "with --fix: encrypt sources anew to all master recipients", _MEND
    ),
    Option("exit-non-zero-on-fix", "flag", "with --fix: fail where something was mended", _MEND),
    Option("strict", "flag", "warnings fail the run", _FAIL),
    Option("require-verified", "flag", "outputs that cannot be verified fail the run", _FAIL),
    Option("ignore", "list", "switch a rule off (repeatable)", _FAIL, "RULE"),
    Option("new-from", "text", "only what was not wrong at REV", _FAIL, "REV"),
    Option("allow-empty", "flag", "having nothing to check is no failure", _FAIL),
    Option("no-cache", "flag", "neither read nor write what earlier runs learned", _RUN),
    Option("quiet", "flag", "say only what is wrong", _RUN, short="q"),
    Option("verbose", "flag", "show old findings and notes in full", _RUN, short="v"),
    Option("color", "text", "when to use colours", _RUN, values=COLORS),
    Option("no-progress", "flag", "do not say on the terminal how far a mend is", _RUN),
)

# Options that name a snapshot together: who gives one of them means nothing of an earlier source.
SNAPSHOT = ("staged", "rev", "worktree", "from-ref", "to-ref")

Value = bool | str | tuple[str, ...]


def nearest(word: str, known: Sequence[str]) -> str:
    """Return ` (did you mean …?)` with the known word that is most like `word`, or nothing."""
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
