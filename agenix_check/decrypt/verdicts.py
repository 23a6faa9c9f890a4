"""What the opened files say of each output: pure, from digests."""

from hmac import compare_digest
from typing import NamedTuple

from agenix_check.audit.findings import REKEY, make_finding, restore
from agenix_check.decrypt.opening import Closed, Opened, Refused
from agenix_check.decrypt.pairs import Pair
from agenix_check.model.findings import Finding, JudgedFile, Verdict

_DIFFERENT = "it holds another text than its source, of the same length"
_SOMEBODYS = "it holds its source's text; whether the key that opens it is its node's shows not"

# Without the option a mend would see nothing to do.
_REKEY = f"{REKEY} --decrypt"
_UPDATE_MASTERS = f"{_REKEY} --update-masters"


class Held(NamedTuple):
    """An output held against its source: its verdict, a finding, and why it was not compared."""

    result: JudgedFile
    finding: Finding | None = None
    obstacle: str | None = None


def judge_plaintexts(
    pair: Pair, output: Opened | Refused | Closed, source: Opened | Closed, *, new: bool
) -> Held:
    """Judge an output by what came of opening it and its source."""
    result = pair.result
    if isinstance(output, Refused):
        return _wrong(result, output, "it does not open as it should", new=new)
    if isinstance(output, Closed):
        return Held(result, obstacle=output.reason)
    if isinstance(source, Closed):
        return Held(result, obstacle=source.reason)
    if not compare_digest(output.digest, source.digest):
        return _wrong(result, Refused("output-content", _DIFFERENT), None, new=new)
    if result.verdict is Verdict.UNVERIFIABLE:
        if output.surely:
            result = result._replace(verdict=Verdict.OK, reason=None)
        else:
            result = result._replace(reason=_SOMEBODYS)
    return Held(result)


def refuse_source(pair: Pair, refused: Refused, *, new: bool, restricted: bool) -> Finding:
    """Return the finding about a source, which is of no node unless the run is restricted to it."""
    result = pair.result
    whole = restore(result.source or result.path)
    return make_finding(
        refused.rule, refused.message, path=result.source, source=result.source, new=new,
        node=result.node if restricted else None, secret=result.secret if restricted else None,
        mend=whole if refused.rule == "source-malformed" else _UPDATE_MASTERS,
    )  # fmt: skip


def _wrong(result: JudgedFile, refused: Refused, obstacle: str | None, *, new: bool) -> Held:
    finding = make_finding(
        refused.rule, refused.message, path=result.path, node=result.node, secret=result.secret,
        source=result.source, new=new, mend=_REKEY,
    )  # fmt: skip
    rules = (*result.rules, refused.rule)
    return Held(result._replace(verdict=Verdict.WRONG, rules=rules, reason=None), finding, obstacle)
