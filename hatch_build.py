"""README as PyPI shows it: there a link must say of which repository and version its file is."""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_HOME = "https://github.com/agenix-check/agenix-check"
_RAW = "https://raw.githubusercontent.com/agenix-check/agenix-check"
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)\s]+)\)")
_PICTURE = re.compile(r'\b(src|srcset)="(?!https?:)([^"]+)"')


class CustomMetadataHook(MetadataHookInterface):
    """Makes the links in README absolute, to the files of the version that is built."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the description that PyPI shows."""
        root = Path(self.root)
        text = (root / "README.md").read_text(encoding="utf-8")
        source = (root / "agenix_check" / "__init__.py").read_text(encoding="utf-8")
        version = re.search(r'^__version__ = "(.+)"$', source, re.MULTILINE)
        if version is None:
            raise ValueError("agenix_check/__init__.py has no __version__")
        tag = f"v{version[1]}"

        def link(found: re.Match[str]) -> str:
            path, mark, place = found[1].partition("#")
            kind = "tree" if (root / path).is_dir() else "blob"
            return f"]({_HOME}/{kind}/{tag}/{path}{mark}{place})"

        text = _LINK.sub(link, text)
        text = _PICTURE.sub(lambda found: f'{found[1]}="{_RAW}/{tag}/{found[2]}"', text)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
