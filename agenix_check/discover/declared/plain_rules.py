"""The rules files of a view: understood without Nix, or by Nix where the evaluator gives up."""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from agenix_check.discover.declared.redaction import withhold_rules
from agenix_check.discover.rules.machine import Budget
from agenix_check.discover.rules.reading import TreeFiles
from agenix_check.discover.rules.relative import correct, list_secrets_nix, make_rules_file
from agenix_check.discover.rules.understand import Misunderstood, Understood, understand
from agenix_check.discover.rules.values import RefusedError
from agenix_check.discover.tree.names import Names
from agenix_check.errors import CannotCheckError
from agenix_check.git.objects import read_blobs
from agenix_check.git.process import Git
from agenix_check.git.snapshot import SUBMODULE, File
from agenix_check.model.declaration import RulesFile
from agenix_check.model.fleet import RULES_FILE
from agenix_check.model.frozen import replace
from agenix_check.model.settings import EVERY_RULE, Ignore
from agenix_check.view import View

STEPS_ALLOWED = 4_000_000  # for all rules files of a tree together: some seconds
_SHOWN_FAILURES = 3  # failures of one file that are said in full
# What a rules file cannot do without: the word itself, or another file that has it.
_SPEAKING = re.compile(rb"publicKeys|\bimport\b|\bfrom(?:JSON|TOML)\b")
_WAY_OUT = (
    "take what it needs from files of this tree; or an [[ignore]] with this path, "
    'rule = "*" and a reason leaves the file out'
)
_MISSING = re.compile(r"attribute '(.*)' missing")  # which a directory's listing may have
_NO_NIX = "or something that only Nix understands, which is not here or not to be asked"

AskNix = Callable[[View, Sequence[str]], tuple[RulesFile, ...]]


class PlainRules(NamedTuple):
    """The rules files of a tree; `notices` and `incomplete` are sentences for the report.

    `left_out` are the paths that the settings leave out.
    """

    files: tuple[RulesFile, ...]
    left_out: frozenset[str]
    notices: tuple[str, ...]
    incomplete: tuple[str, ...]


def declare_plain(
    view: View, named: Sequence[str], ignore: Sequence[Ignore], ask_nix: AskNix | None
) -> PlainRules:
    """Find the rules files of a view: those with agenix's own name, and the `named` ones.

    An entry of `ignore` whose rule is `*` leaves out the files of its path. `ask_nix` evaluates
    what is not understood here; None if it may not be asked.
    """
    here = view.snapshot.files
    wanted = {*list_secrets_nix(here), *map(posixpath.normpath, named)}
    left_out = {
        path: one.reason for path in sorted(wanted) for one in ignore if _leaves_out(one, path)
    }
    wanted.difference_update(left_out)
    texts = _Texts(view.repository.git, here, wanted)
    budget = Budget(STEPS_ALLOWED)
    found: dict[str, RulesFile] = {}
    open_questions = []
    for path in sorted(wanted):
        file, asks = _understand(view, texts, path, budget, asked=path in named)
        if file is not None:
            found[path] = file
            if asks and ask_nix is not None:
                open_questions.append(path)
            elif asks:
                why = f"{file.failure}: a mistake ({correct(path)}), {_NO_NIX}"
                found[path] = replace(file, failure=why)
    if open_questions and ask_nix is not None:
        found |= _better(found, open_questions, lambda: ask_nix(view, open_questions))
    files = tuple(withhold_rules(found[path]) for path in sorted(found))
    return PlainRules(
        files=files,
        left_out=frozenset(left_out),
        notices=tuple(f"{path}: left out: {reason}" for path, reason in left_out.items()),
        incomplete=say_failures(files),
    )


def note_unstaged(view: View, names: Names, files: Iterable[RulesFile]) -> tuple[RulesFile, ...]:
    """Return the rules files of a view with what only the work tree has of their files."""
    here = view.snapshot.files
    if view.snapshot.kind != "index":
        return tuple(files)

    def waits(path: str) -> bool:
        found = names.here.follow(path)
        is_gone = found.obstacle is None and found.path not in here
        return is_gone and _is_on_disk(view, found.path)

    absent = {file: [one.path for one in file.rules if one.path not in here] for file in files}
    return tuple(
        replace(file, unstaged=tuple(filter(waits, paths))) if paths else file
        for file, paths in absent.items()
    )


def _is_on_disk(view: View, path: str) -> bool:
    from agenix_check.git.worktree import is_in_work_tree  # most trees lack nothing

    return is_in_work_tree(view.repository, path)


def say_failures(files: Iterable[RulesFile]) -> tuple[str, ...]:
    """Return a sentence for each rules file of which a part could not be read."""
    return tuple(f"{file.path}: {file.failure}" for file in files if file.failure)


def _leaves_out(entry: Ignore, path: str) -> bool:
    return entry.rule == EVERY_RULE and entry.path is not None and fnmatchcase(path, entry.path)


def _understand(
    view: View, texts: "_Texts", path: str, budget: Budget, *, asked: bool
) -> tuple[RulesFile | None, bool]:
    """Return a rules file, None if it is none, and whether Nix may know more about it."""
    here = view.snapshot
    if path not in here.files:
        return _failure(path, "it is not in this tree"), False
    likely = asked
    if not asked:
        text = texts.peek(path)
        if _SPEAKING.search(text) is None:
            return None, False
        likely = b"publicKeys" in text
    tree = TreeFiles(here.files, here.directories, texts.load)
    result = understand(tree, path, budget)
    if result is None:
        if asked and posixpath.basename(path) != RULES_FILE:
            return _failure(path, "it has no rules: no attribute of it has publicKeys"), False
        return None, False
    if result.failures and not (likely or result.rules):
        return None, False
    asks = any(one.refused and not one.impure for one in result.failures)
    read = tuple(sorted(tree.read_paths))
    return replace(_rules_file(view, path, result, read), read=read), asks


def _rules_file(view: View, path: str, result: Understood, read: Sequence[str]) -> RulesFile:
    failures = [_sentence(one) for one in result.failures[:_SHOWN_FAILURES]]
    if len(result.failures) > _SHOWN_FAILURES:
        failures.append(f"and {len(result.failures) - _SHOWN_FAILURES} more")
    if any(one.impure for one in result.failures):
        failures.append(_WAY_OUT)
    mistake = next((one for one in result.failures if not one.refused), None)
    if mistake is not None:
        failures.append(_put_right(view, mistake, read))
    unread = [one.rule for one in result.failures if one.rule is not None]
    return make_rules_file(
        path,
        result.rules,
        failures,
        files=view.snapshot.files,
        unread=unread if len(unread) == len(result.failures) else None,
    )


def _sentence(failure: Misunderstood) -> str:
    """Say why a rule or a file could not be evaluated, and where."""
    about = "" if failure.rule is None else f"{ascii(failure.rule)[1:-1]}: "
    where = f"({ascii(failure.place.path)[1:-1]}:{failure.place.line})"
    if failure.impure:
        return f"{about}{failure.reason} {where} depends on the machine, not on this tree"
    if failure.refused:
        return f"{about}{failure.reason} {where} is not understood"
    return f"{about}{failure.reason} {where}"


def _put_right(view: View, mistake: Misunderstood, read: Sequence[str]) -> str:
    """Return what to type where Nix would find a mistake too."""
    if view.snapshot.kind != "index":
        return correct(mistake.place.path)
    absent = mistake.absent
    if absent is not None and _is_on_disk(view, absent):
        return f"it is in the work tree, and not staged: git add {ascii(absent)[1:-1]}"
    listed = set(read).intersection(view.snapshot.directories)
    missing = _MISSING.fullmatch(mistake.reason) if listed else None
    if missing is not None:
        from agenix_check.git.worktree import list_unstaged  # most trees lack nothing

        for path in list_unstaged(view.repository):
            directory, _, name = path.rpartition("/")
            is_meant = missing[1] in (name, posixpath.splitext(name)[0])
            if is_meant and directory in listed and path not in view.snapshot.files:
                shown = ascii(path)[1:-1]
                return f"{shown} is in the work tree, and not staged: git add {shown}"
    return correct(mistake.place.path)


def _failure(path: str, sentence: str) -> RulesFile:
    return RulesFile(path=path, rules=(), failure=sentence, unread=None)


def _better(
    found: Mapping[str, RulesFile], paths: Sequence[str], ask: Callable[[], Sequence[RulesFile]]
) -> dict[str, RulesFile]:
    """Return what Nix knows of files that were not understood; what it does not, stays said."""
    try:
        answers = {file.path: file for file in ask()}
    except CannotCheckError as error:
        return {
            path: replace(found[path], failure=f"{found[path].failure}; {error}") for path in paths
        }
    better = {}
    for path in paths:
        answer = answers.get(path)
        if answer is None or (answer.failure and not answer.rules):
            sentence = found[path].failure if answer is None else answer.failure
            better[path] = replace(found[path], failure=sentence)
        else:
            better[path] = replace(answer, read=found[path].read)
    return better


class _Texts:
    """The contents of a tree's files, read when they are needed, those of a directory together."""

    def __init__(self, git: Git, files: Mapping[str, File], first: set[str]) -> None:
        self._git = git
        self._files = files
        self._known: dict[str, bytes | None] = {}
        self._read([files[path].oid for path in sorted(first) if path in files])

    def peek(self, path: str) -> bytes:
        """Return a file's content, or nothing where it cannot be read."""
        return self._known.get(self._files[path].oid) or b""

    def load(self, file: File) -> bytes:
        """Return a file's content; raises `RefusedError` if it is too large or not here."""
        if file.oid not in self._known:
            self._read(self._beside(file))
        content = self._known[file.oid]
        if content is None:
            shown = ascii(file.path)[1:-1]
            raise RefusedError(f"{shown}, which is too large or not in this clone,")
        return content

    def _beside(self, file: File) -> list[str]:
        """Return the object ids of a file and of those of its kind in its directory."""
        directory, _, name = file.path.rpartition("/")
        ending = posixpath.splitext(name)[1]
        beside = [
            other.oid
            for path, other in self._files.items()
            if path.rpartition("/")[0] == directory
            and posixpath.splitext(path)[1] == ending
            and other.mode != SUBMODULE
        ]
        return [file.oid, *beside]

    def _read(self, oids: Sequence[str]) -> None:
        wanted = [oid for oid in dict.fromkeys(oids) if oid not in self._known]
        if not wanted:
            return
        for blob in read_blobs(self._git, wanted, small=wanted):
            self._known[blob.oid] = blob.data if len(blob.data) == blob.size else None
