"""How the runner of GitHub Actions reads a line of a log: actions/runner, ActionCommand.cs.

`TryParseV2` and, where that finds nothing, `TryParse`, each as it is there; .NET's `TrimStart` and
`StringComparer.OrdinalIgnoreCase` are `lstrip` and `lower`.
"""

import re
from typing import NamedTuple

REGISTERED = {
    "stop-commands", "set-env", "set-output", "save-state", "add-mask", "add-path", "add-matcher",
    "remove-matcher", "debug", "warning", "error", "notice", "group", "endgroup", "echo",
    "internal-set-repo-path",
}  # fmt: skip

_DATA = {"%0D": "\r", "%0A": "\n", "%25": "%"}
_PROPERTY = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}


class Command(NamedTuple):
    """A command as the runner understands it."""

    name: str
    properties: dict[str, str]
    data: str


def read_log(text: str) -> list[Command | str]:
    """Return the lines of a log, commands as what they are."""
    return [_parse_v2(line) or _parse(line) or line for line in re.split(r"\r\n|\r|\n", text)]


def commands(text: str) -> list[Command]:
    """Return the commands of a log."""
    return [line for line in read_log(text) if isinstance(line, Command)]


def _parse_v2(line: str) -> Command | None:
    line = line.lstrip()
    if not line.startswith("::"):
        return None
    end = line.find("::", 2)
    if end < 0:
        return None
    name, _, rest = line[2:end].partition(" ")
    if name.lower() not in REGISTERED:
        return None
    return Command(
        name, _properties(rest.strip(), ",", _PROPERTY), _unescape(line[end + 2 :], _DATA)
    )


def _parse(line: str) -> Command | None:
    begin = line.find("##[")
    end = line.find("]", begin)
    if begin < 0 or end < 0:
        return None
    name, _, rest = line[begin + 3 : end].partition(" ")
    if name.lower() not in REGISTERED:
        return None
    return Command(name, _properties(rest, ";", _DATA), line[end + 1 :])


def _properties(text: str, separator: str, escapes: dict[str, str]) -> dict[str, str]:
    pairs = (part.split("=", 1) for part in text.split(separator) if part)
    return {pair[0]: _unescape(pair[1], escapes) for pair in pairs if len(pair) == 2 and pair[1]}


def _unescape(text: str, escapes: dict[str, str]) -> str:
    for escaped, char in escapes.items():
        text = text.replace(escaped, char)
    return text
