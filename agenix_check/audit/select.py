"""Select the findings that count: by ignore rules, --node and --secret, and --new-from."""

import posixpath
from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase

from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.key_texts import KeyTexts
from agenix_check.model.findings import Counts, FileKind, Finding, JudgedFile, Report, Verdict
from agenix_check.model.frozen import replace
from agenix_check.model.settings import Ignore, Settings
from agenix_check.rules import About, find_rule

# A node, a secret, and the rule that it breaks; of a plain file None, its path, and the rule.
_BrokenRule = tuple[str | None, str | None, str]


def select(
    report: Report,
    settings: Settings,
    tree: Evidence | None = None,
    known: tuple[Report, Evidence] | None = None,
) -> Report:
    """Return the report with only the findings that count.

    `known` has what was wrong before, and in which tree; then `tree` is that of the report.
    Ignored findings are counted. The verdict of an output depends on the rules that are left.
    """
    restricted = settings.node or settings.secret
    if not settings.leaves_out:
        return report
    plain = {one.path for one in report.plain}
    wanted = [one for one in report.findings if is_wanted(one, settings, plain)]
    if known is not None and tree is not None:
        before, other = known
        old = {_identity(one, other) for one in before.findings}
        wanted = [one for one in wanted if _identity(one, tree) not in old]
    kept = []
    silenced: dict[_BrokenRule, str] = {}
    for finding in wanted:
        rule = next((rule for rule in settings.ignore if _is_meant(finding, rule)), None)
        if rule is None:
            kept.append(finding)
        else:
            silenced[*_place(finding, plain), finding.rule] = rule.reason
    files = [_without(one, silenced) for one in report.files if is_wanted(one, settings, plain)]
    fleet = replace(report.fleet, plain=sum(one.kind is FileKind.PLAIN for one in files))
    if restricted:
        outputs = [one for one in files if one.kind is FileKind.OUTPUT]
        fleet = replace(
            fleet,
            nodes=len({one.group for one in outputs}),
            secrets=len({one.source or one.path for one in outputs}),
        )
    return replace(
        report,
        fleet=fleet,
        findings=tuple(kept),
        files=tuple(files),
        counts=Counts.of(files, kept, ignored=len(wanted) - len(kept)),
    )


def _place(
    one: Finding | JudgedFile, plain: Collection[str | None]
) -> tuple[str | None, str | None]:
    """Return the node and the secret that something is about; of a plain file only its path."""
    return (None, one.path) if one.path in plain else (one.node, one.secret)


def _without(output: JudgedFile, silenced: Mapping[_BrokenRule, str]) -> JudgedFile:
    """Remove the silenced rules from an output; if it broke no other, it is skipped."""
    where = _place(output, {output.path} if output.kind is FileKind.PLAIN else ())
    rules = tuple(rule for rule in output.rules if (*where, rule) not in silenced)
    if rules == output.rules:
        return output
    if rules or output.verdict is not Verdict.WRONG:
        return output._replace(rules=rules)
    reason = silenced[*where, output.rules[0]]
    return output._replace(rules=(), verdict=Verdict.SKIPPED, reason=f"ignored: {reason}")


def is_wanted(
    one: Finding | JudgedFile, settings: Settings, plain: Collection[str | None] = ()
) -> bool:
    """Return whether something belongs to the nodes and secrets that the run is restricted to.

    `plain` are the paths of plain files. These are of no node.
    """
    if one.path is not None and one.path in plain:
        return not settings.node and is_secret(one.path, settings.secret)
    return is_node(one.node, settings.node) and matches(one.secret, settings.secret)


def is_node(name: str | None, globs: Sequence[str]) -> bool:
    """Match a node by its name, by what stands after `nixos:`, or by parts of a directory."""
    return _is_node_or_part(name, globs) or (
        name is not None and any("/" in glob and _has_parts(name, glob) for glob in globs)
    )


def _is_node_or_part(name: str | None, globs: Sequence[str]) -> bool:
    return matches(name, globs) or (
        name is not None
        and any(matches(part, globs) for part in (*name.split("/"), name.rpartition(":")[2]))
    )


def _has_parts(directory: str, glob: str) -> bool:
    """Match as many parts in a row as a glob has: so a directory is shown in a longer fleet."""
    parts, number = directory.split("/"), glob.count("/") + 1
    return any(
        fnmatchcase("/".join(parts[start : start + number]), glob)
        for start in range(len(parts) - number + 1)
    )


def is_secret(path: str, globs: Sequence[str]) -> bool:
    """Match a secret by its path, the name of its file, or that without the ending."""
    name = posixpath.basename(path)
    return any(matches(one, globs) for one in (path, name, name.removesuffix(".age")))


def matches(name: str | None, globs: Sequence[str]) -> bool:
    """Return whether a name matches one of the globs; without globs every name does."""
    return not globs or (name is not None and any(fnmatchcase(name, glob) for glob in globs))


def is_ignored(finding: Finding, ignore: Sequence[Ignore]) -> bool:
    """Return whether an entry of `ignore` switches a finding off."""
    return any(_is_meant(finding, rule) for rule in ignore)


def _is_meant(finding: Finding, rule: Ignore) -> bool:
    return (
        finding.rule == rule.rule
        and (rule.path is None or matches(finding.path, (rule.path,)))
        and (rule.node is None or _is_node_or_part(finding.node, (rule.node,)))
    )


def _identity(finding: Finding, tree: Evidence) -> tuple[object, ...]:
    """Return what makes two findings of two trees the same: rule, place, and content."""
    rule = "unexplained" if find_rule(finding.rule).unexplained else finding.rule
    return rule, finding.path, finding.node, _content(finding, tree)


def _content(finding: Finding, tree: Evidence) -> object:
    """Return what a finding is about in its file.

    Who can read a file that is written again and again; the private keys in a text; of all else
    the bytes. Of what is in no file the message tells it, but for what is missing.
    """
    about, path = find_rule(finding.rule).about, finding.path or ""
    fact, file = tree.facts.get(path), tree.files.get(path)
    if isinstance(fact, AgeFact) and fact.problem is None and about in (About.SOURCE, About.PLAIN):
        return fact.stanzas
    if isinstance(fact, KeyTexts) and fact.private:
        return fact.private
    if about is About.LOCK or (file is None and about not in _OF_ONE_FILE):
        return finding.message
    return None if file is None else file.oid


_OF_ONE_FILE = (About.OUTPUT, About.SOURCE, About.PLAIN)
