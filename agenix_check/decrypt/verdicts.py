"""What opening an output and its source shows: a pair of files, and the verdict on it. Pure."""

from hmac import compare_digest
from typing import NamedTuple

from agenix_check.age import Recipient
from agenix_check.audit.commands import REKEY, restore
from agenix_check.audit.judged import make_finding
from agenix_check.decrypt.opener import Closed, Faulty, Opened
from agenix_check.model.findings import Finding, JudgedFile, Verdict
from agenix_check.rules import find_rule

_DIFFERENT = "it holds another text than its source, of the same length"
_OF_UNKNOWN_KEY = "it holds its source's text; it cannot be seen whether the key is its node's"

# Without the option, a fix would find nothing to do.
_REKEY = f"{REKEY} --decrypt"
_UPDATE_MASTERS = f"{_REKEY} --update-masters"


class Pair(NamedTuple):
    """An output and the source whose plaintext it should hold, by the ids of their blobs.

    `recipient` is its node's key, None where that is not known. `number` is its index in the
    report.
    """

    number: int
    result: JudgedFile
    recipient: Recipient | None
    output: str
    source: str


class Compared(NamedTuple):
    """An output, its verdict after the comparison, a finding, and why it was not compared."""

    result: JudgedFile
    finding: Finding | None = None
    obstacle: str | None = None


def judge_plaintexts(
    pair: Pair, output: Opened | Faulty | Closed, source: Opened | Closed, *, new: bool
) -> Compared:
    """Judge an output by what opening it and its source showed."""
    result = pair.result
    if isinstance(output, Closed):
        return Compared(result, obstacle=output.reason)
    if isinstance(output, Opened) and isinstance(source, Closed):
        return Compared(result, obstacle=source.reason)
    doubts = [rule for rule in result.rules if find_rule(rule).is_doubt]
    result = result._replace(rules=tuple(rule for rule in result.rules if rule not in doubts))
    if isinstance(output, Faulty):
        return _judged_wrong(result, output, "it does not open as it should", new=new)
    if isinstance(source, Closed):
        return Compared(result, obstacle=source.reason)
    if not compare_digest(output.digest, source.digest):
        return _judged_wrong(result, Faulty("output-content", _DIFFERENT), None, new=new)
    if result.verdict is Verdict.UNVERIFIABLE:
        if output.by_own_key:
            result = result._replace(verdict=Verdict.OK, reason=None)
        else:
            result = result._replace(reason=_OF_UNKNOWN_KEY)
    return Compared(result)


def source_finding(pair: Pair, refused: Faulty, *, new: bool, restricted: bool) -> Finding:
    """Return the finding about a source; it names a node only if the run is restricted to it."""
    result = pair.result
    whole = restore(result.source or result.path)
    return make_finding(
        refused.rule, refused.message, path=result.source, source=result.source, new=new,
        node=result.node if restricted else None, secret=result.secret if restricted else None,
        mend=whole if refused.rule == "source-malformed" else _UPDATE_MASTERS,
    )  # fmt: skip


def _judged_wrong(
    result: JudgedFile, refused: Faulty, obstacle: str | None, *, new: bool
) -> Compared:
    finding = make_finding(
        refused.rule, refused.message, path=result.path, node=result.node, secret=result.secret,
        source=result.source, new=new, mend=_REKEY,
    )  # fmt: skip
    rules = (*result.rules, refused.rule)
    return Compared(
        result._replace(verdict=Verdict.WRONG, rules=rules, reason=None), finding, obstacle
    )
