"""The settings file of a work tree, for tests that call the gate without its command."""

from pathlib import Path

from agenix_check.cli.settings_file import FILES, FileSettings, parse_file


def file_at(top: Path | None) -> FileSettings | None:
    """Return what the settings file at the top of a work tree says, if there is one."""
    for name in FILES if top is not None else ():
        assert top is not None
        if (top / name).exists():
            found = parse_file(name, (top / name).read_bytes())
            if found is not None:
                return found
    return None
