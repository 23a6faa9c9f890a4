"""What the user asked for, as typed values. Reading and merging them is the business of `cli/`."""

from enum import StrEnum

from agenix_check.model.frozen import frozen


class InventoryChoice(StrEnum):
    """Where the fleet comes from; `auto` takes the best that is there."""

    AUTO = "auto"
    NIX = "nix"
    LOCK = "lock"
    NAMES = "names"


class EvaluateWhen(StrEnum):
    """When a remembered evaluation is not enough."""

    ALWAYS = "always"
    RELEVANT = "relevant"
    NEVER = "never"


class FailOn(StrEnum):
    """Which findings fail a run: all, or those that the change at hand brings."""

    ALL = "all"
    NEW = "new"


class ColorWhen(StrEnum):
    """When to use colours; `auto` is: on a terminal."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


EVERY_RULE = "*"  # in an entry of `ignore`: the rules file of its path is left out as a whole


@frozen
class Ignore:
    """An entry of `ignore`: a rule, where (globs; None is anywhere), and why."""

    rule: str
    path: str | None
    node: str | None
    reason: str


@frozen
class Settings:
    """Every setting with its value, in the order of `--help`.

    A field is an option, a key of the settings file and a variable; `cli/options.py` has its texts.
    `nix_timeout` is in seconds, of a node, `nix_memory` like "2G", of a process. `rev`, `from_ref`,
    `to_ref` and `new_from` name commits as Git does; `node` and `secret` are globs; `output` holds
    `FORMAT=FILE`; `format` is the name of a file in `report/`. `ignore` is from all places
    together. `settings` names whose settings file decides, as a commit or as a file.
    """

    staged: bool = False
    rev: str | None = None
    worktree: bool = False
    from_ref: str | None = None
    to_ref: str | None = None
    node: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    inventory: InventoryChoice = InventoryChoice.AUTO
    evaluate: EvaluateWhen = EvaluateWhen.RELEVANT
    nix_timeout: float = 120.0
    nix_memory: str | None = None
    nix_jobs: int | None = None
    settings: str | None = None
    flake: str | None = None
    nodes: tuple[str, ...] = ()
    collect_home_manager: bool = True
    rules: tuple[str, ...] = ()
    format: str = "text"
    output: tuple[str, ...] = ()
    junit: str | None = None
    decrypt: bool = False
    fix: bool = False
    dry_run: bool = False
    identity: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    age: str | None = None
    update_masters: bool = False
    grant: tuple[str, ...] = ()
    exit_non_zero_on_fix: bool = False
    strict: bool = False
    require_verified: bool = False
    fail_on: FailOn = FailOn.ALL
    ignore: tuple[Ignore, ...] = ()
    new_from: str | None = None
    allow_empty: bool = False
    exposed: bool = False
    no_cache: bool = False
    quiet: bool = False
    verbose: bool = False
    color: ColorWhen = ColorWhen.AUTO
    no_progress: bool = False

    @property
    def is_restricted(self) -> bool:
        """Whether the run is about some outputs or findings only."""
        return bool(self.node or self.secret or self.new_from)

    @property
    def leaves_out(self) -> bool:
        """Whether something of what is found does not count."""
        return self.is_restricted or bool(self.ignore)

    @property
    def names_snapshot(self) -> bool:
        """Whether an option names the snapshot or its base."""
        named = (self.rev, self.from_ref, self.to_ref)
        return self.staged or self.worktree or any(one is not None for one in named)


@frozen
class SettingsChange:
    """What a change does to the settings file at `path`: which settings, before and after.

    `now` are the settings of the run with the file of the base, `then` with that of the snapshot.
    """

    path: str
    keys: tuple[str, ...]
    now: Settings
    then: Settings


@frozen
class SettingsOrigin:
    """Where the settings of a run come from.

    `label` names the remote's default branch where its settings decide though nobody named it;
    `notices` are sentences for the report. `change` is what the change does to them.
    """

    label: str | None = None
    notices: tuple[str, ...] = ()
    change: SettingsChange | None = None
