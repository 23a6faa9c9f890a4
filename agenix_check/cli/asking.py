"""Questions at the terminal: may files be written, may keys have secrets that they never had?"""

import os
from collections.abc import Sequence


def agrees(question: str) -> bool | None:
    """Return whether a person says yes; None where nobody can be asked."""
    if os.environ.get("CI"):
        return None
    from agenix_check.keys.prompts import Terminal

    answer = Terminal().ask(question)
    return None if answer is None else _is_yes(answer)


def agrees_to_keys(lines: Sequence[str]) -> bool:
    """Return whether a person lets keys have secrets; in CI and without a terminal nobody does."""
    if os.environ.get("CI"):
        return False
    from agenix_check.keys.prompts import Terminal
    from agenix_check.report.escape import visible

    terminal = Terminal()
    if not terminal.available():
        return False
    one = len(lines) == 1
    listed = "".join(f"\n  {visible(line)}" for line in lines)
    what = "This key is" if one else "These keys are"
    terminal.say(f"{what} to get secrets, and no secret went there from this clone yet:{listed}")
    answer = terminal.ask(f"Encrypt secrets to {'it' if one else 'all of them'}? [y/N]")
    return _is_yes(answer or "")


def _is_yes(answer: str) -> bool:
    return answer.strip().lower() in ("y", "yes")
