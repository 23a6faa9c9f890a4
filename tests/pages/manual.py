"""The manual page, agenix-check(1), made from what each verb accepts."""

from collections.abc import Iterator, Sequence

from agenix_check.cli.gate_grammar import EXIT_CODES
from agenix_check.cli.options import OPTIONS
from agenix_check.cli.parsing import Accepted
from agenix_check.cli.surface import Surface

_FILES = {
    "agenix-check.toml": "the settings, at the top of the repository; or [tool.agenix-check] in "
    "pyproject.toml",
    "agenix-check.lock": "what the flake declares, for machines without Nix; see fleet --lock",
    ".git/agenix-check/": "what earlier runs remembered; it may be deleted",
}


def render_manual(surfaces: Sequence[Surface]) -> str:
    """Return the page in roff (man macros)."""
    return "\n".join(_lines(surfaces)) + "\n"


def _lines(surfaces: Sequence[Surface]) -> Iterator[str]:
    check = surfaces[0]
    yield '.TH AGENIX-CHECK 1 "" "agenix-check" "User Commands"'
    yield ".SH NAME"
    yield r"agenix-check \- check that each host of a NixOS fleet can read exactly its secrets"
    yield ".SH SYNOPSIS"
    yield r".B agenix-check"
    yield r"[\fIVERB\fR] [\fIoptions\fR]"
    yield ".SH DESCRIPTION"
    yield _text(" ".join(check.description.partition("\n\nverbs:")[0].split()))
    yield _text(
        "The verb check may be left out; it compares the index with HEAD. Options may stand before "
        "or after the verb."
    )
    yield ".SH VERBS"
    for one in surfaces:
        yield ".TP"
        yield rf"\fB{_text(one.verb)}\fR{_arguments(one)}"
        yield _text(f"{one.help[:1].upper()}{one.help[1:]}.")
    yield ".SH OPTIONS"
    yield from _options(check.options)
    shared = {one._replace(group="") for one in check.options}
    for one in surfaces[1:]:
        own = [each for each in one.options if each._replace(group="") not in shared]
        inherited = [each for each in one.options if each._replace(group="") in shared]
        if not (own or one.arguments):
            continue
        yield f".SH {_text(one.verb.upper())}"
        yield _text(" ".join(one.description.split()))
        yield from _entries((*one.arguments, *own))
        names = ", ".join(each.names[-1] for each in inherited if "--help" not in each.names)
        if names:
            yield ".PP"
            yield _text(f"It also takes {names}.")
    yield ".SH EXIT STATUS"
    for code, meaning in EXIT_CODES.items():
        yield from (".TP", rf"\fB{code}\fR", _text(meaning))
    yield ".SH ENVIRONMENT"
    yield _text("Each option has a variable; commas separate the values of a list:")
    yield _text(", ".join(one.variable for one in OPTIONS if one.text.has_variable) + ".")
    yield ".SH FILES"
    for name, meaning in _FILES.items():
        yield from (".TP", rf"\fI{_text(name)}\fR", _text(meaning))
    yield ".SH SEE ALSO"
    yield _text("git(1), age(1); agenix-check explain RULE explains a rule.")


def _options(options: Sequence[Accepted]) -> Iterator[str]:
    """Give the options in their groups."""
    group = ""
    for one in options:
        if one.group != group:
            group = one.group
            yield f'.SS "{_text(group)}"'
        yield from _entries((one,))


def _entries(accepted: Sequence[Accepted]) -> Iterator[str]:
    for one in accepted:
        yield ".TP"
        value = one.takes or ("|".join(one.values) if one.values else "")
        shown = ", ".join(rf"\fB{_text(name)}\fR" for name in one.names)
        yield " ".join(filter(None, (shown, rf"\fI{_text(value)}\fR" if value else "")))
        yield _text(one.help)


def _arguments(one: Surface) -> str:
    words = [each.takes or "|".join(each.values) for each in one.arguments]
    return "".join(rf" \fI{_text(word)}\fR" for word in words)


def _text(text: str) -> str:
    """Return a text that roff shows as it is."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-").replace("`", r"\(ga")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped
