"""The rows of the table: what is measured, against what, and what it must reach."""

from dataclasses import dataclass

_IMPORT = "`python -c 'import git'`"
_BLOBS = "`git ls-files -s` + `git cat-file --batch` of the same blobs"
_OLD = "the old build"
_LARGE = "1,000 nodes with 200 secrets each"
_HUGE = "1,000 nodes with 1,000 secrets each"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One row: what is measured in `unit` must be at most `target`.

    None stands for no target: what is measured to be known.
    """

    what: str
    against: str = ""
    target: float | None
    unit: str = "times"

    @property
    def label(self) -> str:
        """What the row begins with."""
        return f"{self.what}, against {self.against}" if self.against else self.what

    @property
    def limit(self) -> str:
        """What must be reached, in words."""
        return "" if self.target is None else f"{self.target:g} {self.unit}"

    def judge(self, value: float) -> str:
        """Return whether a value, as it is printed, reaches the target; "" without one."""
        if self.target is None:
            return ""
        return "met" if round(value, 2) <= self.target else "missed"


def _all(*goals: Goal) -> dict[str, Goal]:
    return {goal.label: goal for goal in goals}


START = Goal(what="start-up: `agenix-check --version`", against="`python -c pass`", target=1.75)

FIRST = Goal(
    what="gate, 100 nodes with 100 secrets each, nothing cached",
    against=f"{_BLOBS} + {_IMPORT}",
    target=1.75,
)
FIRST_JSON = Goal(what="the same with `--format json`", against="text", target=1.35)
FIRST_JUNIT = Goal(what="the same with `--format junit`", against="text", target=1.35)
FIRST_JUNIT_FLOOR = Goal(
    what="the same with `--format junit`",
    against="text + a process that gives junit-xml as many cases",
    target=1.1,
)
SECOND = Goal(what="the same, second run", against=_IMPORT, target=1)
SECOND_JSON = Goal(what="the same with `--format json`, second run", against=_IMPORT, target=1)
SECOND_JUNIT = Goal(what="the same with `--format junit`, second run", against=_IMPORT, target=1)

PLAIN = Goal(
    what="gate, plain agenix, 60 rules, nothing cached, no Nix", against=_IMPORT, target=1.5
)
PLAIN_SECOND = Goal(what="plain agenix, 60 rules, second run", against=_IMPORT, target=1.1)

DECLARED = Goal(
    what="gate, 20 nodes with 20 secrets each, Nix, evaluation remembered",
    against="the same by names",
    target=1.25,
)
NIX_JOBS = Goal(
    what="gate, 60 nodes that evaluate in the same time, Nix, 2 processes: time of the clock",
    against="one process for all",
    target=0.65,
)
NIX_MEMORY = Goal(what="60 nodes, Nix, `--nix-memory 1G`: peak memory", target=1024, unit="MiB")

PAST = Goal(
    what="gate, 300 old orphans, 20,000 commits, nothing cached",
    against=f"`git log --raw -m` + `git cat-file --batch` of the blobs it names + {_IMPORT}",
    target=3,
)
PAST_MEMORY = Goal(
    what="300 old orphans, 20,000 commits, nothing cached: peak memory", target=300, unit="MiB"
)
PAST_SECOND = Goal(
    what="the same with `--format json`, history remembered",
    against="the same tree without the orphans",
    target=2,
)
EXPOSURE = Goal(
    what="`agenix-check exposure`, 2,000 commits, nothing cached",
    against=f"`git log --all --raw -m` + `git cat-file --batch` of the blobs it names + {_IMPORT}",
    target=2.5,
)
EXPOSURE_SECOND = Goal(
    what="`agenix-check exposure`, 2,000 commits, one of them new", against=_IMPORT, target=None
)

MAKING = Goal(
    what="`--fix`, 1 source changed for 100 nodes: 1 decryption, 100 encryptions",
    against="the bare pyrage calls for the same work, in one process",
    target=1.4,
)
FIX = Goal(
    what="the whole run of it: start, check, rekey, write, stage, check again",
    against="a process with the bare pyrage calls",
    target=None,
)
FIX_PEER = Goal(
    what="the same: time an output",
    against="`age -d \\| age -e` for each output, as agenix-rekey does",
    target=1,
)
FIX_BULK = Goal(
    what="`--fix`, all sources changed, 100 nodes with 100 secrets each: the whole run",
    against="a process with the bare pyrage calls",
    target=None,
)

TEXT = Goal(what="40,000 findings in text", against="JSON", target=2)
TEXT_LINEAR = Goal(what="40,000 findings in text", against="20,000 findings in text", target=2)

EDIT = Goal(what=f"gate, {_LARGE}, a commit that edits an unrelated file", against=_OLD, target=0.1)
EDIT_FLOOR = Goal(
    what="200,000 outputs, an unrelated edit",
    against=f"{_IMPORT} + `git write-tree`, of the same edit",
    target=3,
)
EDIT_MEMORY = Goal(what="200,000 outputs, an unrelated edit: peak memory", target=200, unit="MiB")
SOURCE = Goal(
    what=f"gate, {_LARGE}, a commit that edits one source (1,000 outputs stale)",
    against=_OLD,
    target=0.25,
)
KEY = Goal(
    what=f"gate, {_LARGE}, a commit that edits one host's key (200 outputs stale)",
    against=_OLD,
    target=0.4,
)
STALE = Goal(
    what=f"gate, {_LARGE}, an unrelated edit where `HEAD` has 200 outputs that are stale",
    against=_OLD,
    target=0.75,
)
LARGE = Goal(what=f"gate, {_LARGE}, nothing cached", against=_OLD, target=0.75)

HUGE = Goal(what=f"gate, {_HUGE} (1,000,000 outputs), nothing cached", against=_BLOBS, target=3.5)
HUGE_MEMORY = Goal(what="1,000,000 outputs, nothing cached: peak memory", target=1228.8, unit="MiB")
HUGE_EDIT = Goal(
    what="1,000,000 outputs, a commit that edits an unrelated file",
    against="the same with 200,000 outputs",
    target=2,
)

GOALS = _all(
    START,
    *(FIRST, FIRST_JSON, FIRST_JUNIT, FIRST_JUNIT_FLOOR),
    *(SECOND, SECOND_JSON, SECOND_JUNIT),
    *(PLAIN, PLAIN_SECOND),
    *(DECLARED, NIX_JOBS, NIX_MEMORY),
    *(PAST, PAST_MEMORY, PAST_SECOND, EXPOSURE, EXPOSURE_SECOND),
    *(MAKING, FIX, FIX_PEER, FIX_BULK),
    *(TEXT, TEXT_LINEAR),
    *(EDIT, EDIT_FLOOR, EDIT_MEMORY, SOURCE, KEY, STALE, LARGE),
    *(HUGE, HUGE_MEMORY, HUGE_EDIT),
)
