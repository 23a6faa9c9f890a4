"""The reference of settings in `docs/settings.md`, made from the table of options."""

from agenix_check.cli.options import OPTIONS, Option
from agenix_check.cli.show_config import write_value
from agenix_check.model.settings import Settings

_DEFAULTS = Settings()

# Where the type does not give one.
_EXAMPLES = {
    "rev": '"HEAD~3"',
    "from-ref": '"origin/main"',
    "to-ref": '"HEAD"',
    "node": '["web*"]',
    "secret": '["wifi"]',
    "nix-timeout": "300",
    "nix-memory": '"8G"',
    "nix-jobs": "4",
    "settings": '"origin/main"',
    "flake": '"nixos"',
    "nodes": '["nixosConfigurations", "guests"]',
    "rules": '["secrets/rules.nix"]',
    "output": '["html=fleet.html"]',
    "junit": '"report.xml"',
    "identity": '["~/.age/key.txt"]',
    "identities": '["~/.age/key.txt"]',
    "age": '"rage"',
    "grant": '["web01"]',
    "ignore": '[{ rule = "output-orphan", path = "old/*", reason = "kept until May" }]',
    "new-from": '"origin/main"',
}

_HEAD = """\
# Settings

A setting is a key of `agenix-check.toml` (or of `[tool.agenix-check]` in `pyproject.toml`),
a variable, and an option; the later of these wins. `agenix-check config` shows the value in force
of each, and who set it. What the tree that is checked must not decide stands in no file.
"""


def render_settings_page() -> str:
    """Return the page in Markdown."""
    return "\n".join([_HEAD, *map(_section, OPTIONS)])


def _section(option: Option) -> str:
    text = option.text
    default = write_value(getattr(_DEFAULTS, option.field))
    places = ["a settings file"] if text.in_file else []
    if text.has_variable:
        places.append(f"the variable `{option.variable}`")
    if text.help:
        places.append(f"`--{option.name}`" + (f" (`-{text.short}`)" if text.short else ""))
    decides = text.help or text.decides
    rows = [
        f"## {option.name}",
        f"{decides[:1].upper()}{decides[1:]}.",
        "\n".join(
            [
                f"- type: {option.type_words}",
                f"- default: {f'`{default}`' if default else 'not set'}",
                f"- can be set by: {', '.join(places)}",
            ]
        ),
    ]
    if text.in_file:
        rows.append(f"```toml\n{option.name} = {_example(option)}\n```")
    elif option.kind != "flag":
        rows.append(f"```sh\nagenix-check --{option.name} {_typed(option)}\n```")
    return "\n\n".join(rows) + "\n"


def _example(option: Option) -> str:
    """Return a value that is not the default, as a settings file writes it."""
    default = getattr(_DEFAULTS, option.field)
    if option.kind == "flag":
        return write_value(not default)
    if option.values:
        return write_value(next(one for one in option.values if one != default))
    return _EXAMPLES[option.name]


def _typed(option: Option) -> str:
    return (
        _EXAMPLES[option.name]
        .strip("[]")
        .replace('"', "'" if "*" in _EXAMPLES[option.name] else "")
    )
