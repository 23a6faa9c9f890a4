"""The verb `hook pre-push`: judges every ref that Git is about to push.

pre-commit and prek run a pre-push hook once, for one ref, whatever is pushed.
"""

import sys
from typing import TYPE_CHECKING

from agenix_check.cli.check import check_and_report
from agenix_check.cli.configuration import ask
from agenix_check.cli.destinations import destinations
from agenix_check.cli.opening import open_here, open_run
from agenix_check.cli.terminal import say
from agenix_check.errors import CannotCheckError
from agenix_check.git.paths import to_text
from agenix_check.git.pushes import PushedCommit, parse_ref_updates, pushed_commits
from agenix_check.model.settings import FailOn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenix_check.cli.options import OptionValue

_NO_COMMIT = "0" * 40


def run_pre_push(given: "Mapping[str, OptionValue]", remote: str) -> int:
    """Judge what Git names on standard input, each ref against what `remote` has of it.

    Returns 3 if something could not be checked, 1 if one of them must not be pushed, else 0. What
    was wrong on the remote before does not stop a push, unless an option says so. Raises
    `UsageError` where standard input is not what Git writes.
    """
    updates = parse_ref_updates(to_text(sys.stdin.buffer.read()))
    pushed, others = pushed_commits(open_here(), updates, remote)
    for ref in others:
        say(f"{ref} gets no commit: nothing to check")
    codes = [_judge(one, given, alone=len(pushed) == 1) for one in pushed]
    return max(codes, default=0)


def _judge(pushed: PushedCommit, given: "Mapping[str, OptionValue]", *, alone: bool) -> int:
    if not alone:
        say(f"{pushed.commit[:12]}, pushed to {', '.join(pushed.refs)}:")
    range_ = {"from-ref": pushed.base or _NO_COMMIT, "to-ref": pushed.commit}
    try:
        with open_run(ask({"fail-on": FailOn.NEW, **given, **range_})) as run:
            return check_and_report(run, destinations(run.settings))
    except CannotCheckError as error:
        say(str(error))  # the other refs are judged all the same
        return error.exit_code
