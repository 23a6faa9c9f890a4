"""Plain agenix: rules that were renamed while their files kept their names."""

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from agenix_check.audit.commands import from_top, move_back, shell
from agenix_check.audit.plain_recipients import PlainBench, RuleRecipients
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.model.declaration import PlainRule, RulesFile

_DIGITS = re.compile(r"[0-9]+")
_LIKE = 0.9  # of 1, as difflib compares texts: in names of usual lengths, one letter


def find_renames(bench: PlainBench, unruled: Iterable[str]) -> Mapping[str, str]:
    """Return, by the path in a new rule without a file, the one file that lost its rule and fits.

    A file fits if it is encrypted to just the rule's keys, and no other rule or file fits as well.
    Where its header does not show whose keys they are, its rule at the base must say so. A file
    that never had a rule fits if its name is like that in the rule, too.
    """
    names = bench.names
    missing = [
        rule
        for file in bench.files
        for rule in file.rules
        if rule.path not in bench.before
        and (found := names.here.follow(rule.path)).obstacle is None
        and found.path not in names.here.files
    ]
    if not missing:
        return {}
    pairs = [
        (rule.path, path)
        for path in unruled
        for rule in missing
        if (path in bench.before or _is_like(rule.path, path)) and _fits(bench, rule, path)
    ]
    rules, files = (Counter(one) for one in zip(*pairs, strict=True)) if pairs else ({}, {})
    return {rule: path for rule, path in pairs if rules[rule] == 1 == files[path]}


def rename_file(file: RulesFile, path: str, to: str) -> str:
    """Return the command that gives a file the name that its rule has now."""
    command, directory = move_back(path, to), posixpath.dirname(to)
    if directory not in ("", posixpath.dirname(path)):
        command = f"{from_top(f'mkdir -p {shell(directory)}')} && {command}"
    return f"{command}  # or, if it was not renamed: put its rule back into {shell(file.path)}"


def correct_name(file: RulesFile, path: str, to: str) -> str:
    """Return the command that gives a file the name that was meant, if the rule is right."""
    return (
        f"{move_back(path, to)}  # or, if the file's name is right: write it in {shell(file.path)}"
    )


def _fits(bench: PlainBench, rule: PlainRule, path: str) -> bool:
    fact, read = bench.names.here.facts.get(path), RuleRecipients(rule)
    if not isinstance(fact, AgeFact) or fact.problem is not None or read.invalid or not read.texts:
        return False
    difference = read.compare(fact)
    if difference.missing or difference.unknown:
        return False
    if not any(one.is_anonymous for one in read.texts):
        return True
    if path not in bench.before:
        return True  # its name says which rule is meant
    rules = (RuleRecipients(before) for _, before in bench.before[path])
    return any(before.texts.keys() == read.texts.keys() for before in rules)


def _is_like(path: str, other: str) -> bool:
    """Return whether one of two names in a directory may be the other with a typing error.

    Names with other numbers are those of other things.
    """
    from difflib import get_close_matches  # few trees have a file and a rule without each other

    (directory, name), (elsewhere, written) = map(posixpath.split, (path, other))
    if directory != elsewhere or _DIGITS.findall(name) != _DIGITS.findall(written):
        return False
    return bool(get_close_matches(name, [written], cutoff=_LIKE))
