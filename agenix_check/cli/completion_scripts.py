"""The scripts that complete commands in bash, zsh and fish, from what each verb accepts.

Names from a repository reach a shell as text only: it never expands them.
"""

from collections.abc import Iterator, Sequence

from agenix_check.cli.parsing import Accepted
from agenix_check.cli.surface import Surface
from agenix_check.cli.verbs import VERBS
from agenix_check.report.registry import format_names

_BY_OPTION = {"--node": "nodes", "--secret": "secrets", "--ignore": "rules", "--grant": "nodes"}
_BY_METAVAR = {
    "NODE": "nodes", "RULE": "rules", "KEY": "settings", "VERB": "verbs", "FILE": "files",
    "DIR": "files", "PROGRAM": "files", "FILE|TEXT": "files", "REV": "revisions",
    "REV|FILE": "revisions", "FORMAT=FILE": "formats",
}  # fmt: skip
_ASKED_FOR = ("nodes", "secrets", "rules", "settings")


def render_script(shell: str, surfaces: Sequence[Surface]) -> str:
    """Return the script for a shell."""
    return _BY_SHELL[shell](surfaces)


def _kind(one: Accepted) -> str:
    """Return what completes the value of an option or an argument; empty for nothing."""
    for name in one.names:
        if name in _BY_OPTION:
            return _BY_OPTION[name]
    return "" if one.values else _BY_METAVAR.get(one.takes or "", "")


def _quote(text: str) -> str:
    """Return a text as one word of a POSIX shell, zsh or (without a backslash) fish."""
    return "'" + text.replace("'", "'\\''") + "'"


def _names(options: Sequence[Accepted]) -> list[str]:
    return [name for one in options for name in one.names]


def _with_value(surfaces: Sequence[Surface]) -> list[str]:
    """Return the options of any verb after which a value stands."""
    return sorted(
        {
            name
            for one in surfaces
            for name in _names([each for each in one.options if each.takes is not None])
        }
    )


def _cases(surfaces: Sequence[Surface]) -> Iterator[tuple[str, str]]:
    """Give `verb:option` patterns, each with the words or the kind of its values."""
    found: dict[str, list[str]] = {}
    for surface in surfaces:
        for one in surface.options:
            if one.takes is None:
                continue
            action = f"words {' '.join(one.values)}" if one.values else f"offer {_kind(one)}"
            found.setdefault(action.strip(), []).extend(
                f"{surface.verb}:{name}" for name in one.names
            )
    for action, places in found.items():
        yield "|".join(places), "" if action == "offer" else action


def _positional(surfaces: Sequence[Surface]) -> Iterator[tuple[str, str]]:
    for surface in surfaces:
        for one in surface.arguments[:1]:
            if one.values:
                yield surface.verb, f"words {' '.join(one.values)}"
            elif _kind(one):
                yield surface.verb, f"offer {_kind(one)}"


def _posix_cases(surfaces: Sequence[Surface]) -> tuple[str, str, str, str]:
    """Return the branches of four `case`: values, options, arguments, options with a value."""
    values = "".join(f"        {places}) {act or ':'} ;;\n" for places, act in _cases(surfaces))
    options = "".join(
        f"        {one.verb}) words {' '.join(_names(one.options))} ;;\n" for one in surfaces
    )
    arguments = "".join(f"        {verb}) {act} ;;\n" for verb, act in _positional(surfaces))
    with_value = sorted(
        {
            name
            for one in surfaces
            for each in one.options
            if each.takes is not None
            for name in each.names
        }
    )
    return values, options, arguments, "|".join(with_value)


def _bash(surfaces: Sequence[Surface]) -> str:
    values, options, arguments, with_value = _posix_cases(surfaces)
    verbs = " ".join(one.verb for one in surfaces)
    formats = " ".join(f"{name}=" for name in format_names())
    return f"""\
# bash completion for agenix-check; made by `agenix-check completion bash`.

# Names are compared and quoted, never expanded: others choose those of a repository.
_agenix_check_add() {{
    [[ $1 == "$cur"* ]] && COMPREPLY+=("$(printf %q "$1")")
}}

_agenix_check_words() {{
    local word
    for word; do _agenix_check_add "$word"; done
}}

_agenix_check_lines() {{
    local word
    while IFS= read -r word; do _agenix_check_add "$word"; done
}}

_agenix_check_offer() {{
    case $1 in
    verbs) _agenix_check_words {verbs} ;;
    files) compopt -o default 2>/dev/null ;;
    formats)
        _agenix_check_words {formats}
        compopt -o nospace 2>/dev/null
        ;;
    revisions)
        _agenix_check_lines < <(git for-each-ref --format='%(refname:short)' 2>/dev/null)
        ;;
    *) _agenix_check_lines < <(agenix-check completion --list "$1" 2>/dev/null) ;;
    esac
}}

_agenix_check() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} verb= word i
    COMPREPLY=()
    # `--option=value` comes as three words.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${{COMP_WORDS[i]}}
        case $word in
        {with_value})
            [[ ${{COMP_WORDS[i + 1]-}} == = ]] && ((i++))
            ((i++))
            ;;
        -* | =) ;;
        *)
            verb=$word
            break
            ;;
        esac
    done

    case ${{verb:-check}}:$prev in
{_renamed(values)}        *)
            if [[ $cur == -* ]]; then
                case ${{verb:-check}} in
{_renamed(_deeper(options, 8))}                esac
            elif [[ -z $verb ]]; then
                _agenix_check_offer verbs
            else
                case $verb in
{_renamed(_deeper(arguments, 8))}                esac
            fi
            ;;
    esac
}}
complete -F _agenix_check agenix-check
"""


def _zsh(surfaces: Sequence[Surface]) -> str:
    values, _, arguments, with_value = _posix_cases(surfaces)
    verbs = "".join(f"        {_quote(f'{one.verb}:{one.help}')}\n" for one in surfaces)
    options = "".join(
        f"        {one.verb}) described=(\n{_zsh_options(one)}        ) ;;\n" for one in surfaces
    )
    return f"""\
#compdef agenix-check
# zsh completion for agenix-check; made by `agenix-check completion zsh`.

_agenix_check_words() {{
    compadd -- "$@"
}}

# Names are never expanded: others choose those of a repository.
_agenix_check_offer() {{
    local -a verbs found
    case $1 in
    verbs)
        verbs=(
{verbs}        )
        _describe verb verbs
        ;;
    files) _files ;;
    formats) compadd -S= -- {" ".join(format_names())} ;;
    revisions)
        found=(${{(f)"$(git for-each-ref --format='%(refname:short)' 2>/dev/null)"}})
        compadd -a found
        ;;
    *)
        found=(${{(f)"$(agenix-check completion --list $1 2>/dev/null)"}})
        compadd -a found
        ;;
    esac
}}

_agenix_check() {{
    local verb= prev=${{words[CURRENT - 1]}} i
    local -a described
    if [[ $PREFIX == --*=* ]]; then
        prev=${{PREFIX%%=*}}
        compset -P '*='
    fi
    for ((i = 2; i < CURRENT; i++)); do
        case ${{words[i]}} in
        {with_value}) ((i++)) ;;
        -*) ;;
        *)
            verb=${{words[i]}}
            break
            ;;
        esac
    done
    case ${{verb:-check}}:$prev in
{_renamed(values)}        *)
            if [[ $PREFIX == -* ]]; then
                case ${{verb:-check}} in
{_deeper(options, 8)}                esac
                _describe -o option described
            elif [[ -z $verb ]]; then
                _agenix_check_offer verbs
            else
                case $verb in
{_renamed(_deeper(arguments, 8))}                esac
            fi
            ;;
    esac
}}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _agenix_check "$@"
else
    compdef _agenix_check agenix-check
fi
"""


def _zsh_options(surface: Surface) -> str:
    return "".join(
        f"            {_quote(f'{name}:{_first(one.help)}')}\n"
        for one in surface.options
        for name in one.names
    )


def _renamed(cases: str) -> str:
    return cases.replace(") words ", ") _agenix_check_words ").replace(
        ") offer ", ") _agenix_check_offer "
    )


def _deeper(text: str, more: int) -> str:
    return "".join(" " * more + line for line in text.splitlines(keepends=True))


def _first(text: str) -> str:
    return text.replace(":", r"\:")


def _fish(surfaces: Sequence[Surface]) -> str:
    lines = [
        "# fish completion for agenix-check; made by `agenix-check completion fish`.",
        "",
        "function __agenix_check_verb --description 'the verb that was typed'",
        "    set -l words (commandline -opc)",
        "    set -l skip 0",
        "    for word in $words[2..-1]",
        "        if test $skip = 1",
        "            set skip 0",
        f"        else if contains -- $word {' '.join(_with_value(surfaces))}",
        "            set skip 1",
        "        else if not string match -q -- '-*' $word",
        "            echo $word",
        "            return",
        "        end",
        "    end",
        "end",
        "",
        "function __agenix_check_is --description 'whether one of these verbs was typed'",
        "    set -l verb (__agenix_check_verb)",
        '    test -n "$verb"; or set verb check',
        "    contains -- $verb $argv",
        "end",
        "",
        "complete -c agenix-check -f",
    ]
    start = "complete -c agenix-check -n 'test -z (__agenix_check_verb)'"
    lines += [f"{start} -a {one.verb} -d {_quote(one.help)}" for one in surfaces]
    for names, verbs, each in _shared_options(surfaces):
        where = f"-n '__agenix_check_is {' '.join(verbs)}'"
        spelled = " ".join(
            f"-{'l' if name.startswith('--') else 's'} {name.lstrip('-')}" for name in names
        )
        lines.append(
            f"complete -c agenix-check {where} {spelled}{_fish_value(each)} -d {_quote(each.help)}"
        )
    for one in surfaces:
        for each in one.arguments[:1]:
            value = _fish_value(each).removeprefix(" -x").removeprefix(" -r")
            if value:
                lines.append(f"complete -c agenix-check -n '__agenix_check_is {one.verb}'{value}")
    return "\n".join(lines) + "\n"


def _shared_options(
    surfaces: Sequence[Surface],
) -> Iterator[tuple[tuple[str, ...], list[str], Accepted]]:
    """Give each option once, with the verbs that have the same."""
    found: dict[Accepted, list[str]] = {}
    for surface in surfaces:
        for one in surface.options:
            found.setdefault(one._replace(group=""), []).append(surface.verb)
    for one, verbs in found.items():
        yield one.names, verbs, one


def _fish_value(one: Accepted) -> str:
    if one.takes is None:
        return ""
    if one.values:
        return f" -x -a {_quote(' '.join(one.values))}"
    kind = _kind(one)
    if kind == "files":
        return " -r -F"
    if kind == "revisions":
        return " -x -a '(git for-each-ref --format=\"%(refname:short)\" 2>/dev/null)'"
    if kind == "formats":
        return f" -x -a {_quote(' '.join(f'{name}=' for name in format_names()))}"
    if kind in _ASKED_FOR:
        return f" -x -a '(agenix-check completion --list {kind} 2>/dev/null)'"
    if kind == "verbs":
        return f" -x -a {_quote(' '.join(VERBS))}"
    return " -x"


_BY_SHELL = {"bash": _bash, "zsh": _zsh, "fish": _fish}
