"""A release has one name: in the version, the changelog, the tags and the examples."""

import re
from collections.abc import Collection, Mapping

from agenix_check import __version__
from tests.checkout import ROOT, run

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_NAMED = re.compile(r"(?:\brev: |\brev = \"|agenix-check@|# |agenix-check==)v?(\d+\.\d+\.\d+)\b")


def disagreements(
    version: str, changelog: str, tags: Collection[str], texts: Mapping[str, str]
) -> list[str]:
    """Say what does not agree; `tags` are those of commits before this one."""
    found = []
    heads = _SECTION.findall(changelog)
    released = [re.split(r"[ ,(]", head)[0] for head in heads if head != "Unreleased"]
    if "Unreleased" in heads[1:]:
        found.append("CHANGELOG.md: Unreleased is not the first section")
    if released and released[0] != version:
        found.append(f"CHANGELOG.md: {released[0]} is the last version, not {version}")
    if f"v{version}" in tags and version not in released:
        found.append(f"CHANGELOG.md: v{version} is tagged, and has no section")
    for name, text in texts.items():
        others = {one for one in _NAMED.findall(_ours(text)) if one != version}
        found += [f"{name}: {one}, not {version}" for one in sorted(others)]
    return found


def _ours(text: str) -> str:
    """Return the lines in which a version is ours."""
    lines = text.splitlines()
    return "\n".join(
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if "agenix-check" in before or "agenix-check" in line
    )


def test_they_agree() -> None:
    examples = [*(ROOT / "ci-examples").iterdir(), ROOT / "README.md", ROOT / "SECURITY.md"]
    texts = {path.name: path.read_text() for path in examples}
    assert sum(bool(_NAMED.search(_ours(text))) for text in texts.values()) >= 6
    tags = run(ROOT, {}, "git", "tag", "--merged", "HEAD").output.split()
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert disagreements(__version__, changelog, tags, texts) == []


def test_a_disagreement_is_seen() -> None:
    changelog = "# Changelog\n\n## 0.2.0 (2026-01-01)\n\n## Unreleased\n"
    texts = {"README.md": "  - repo: https://x/agenix-check\n    rev: v0.1.0\n    rev: v9.9.9\n"}
    assert disagreements("0.3.0", changelog, ["v0.3.0"], texts) == [
        "CHANGELOG.md: Unreleased is not the first section",
        "CHANGELOG.md: 0.2.0 is the last version, not 0.3.0",
        "CHANGELOG.md: v0.3.0 is tagged, and has no section",
        "README.md: 0.1.0, not 0.3.0",
    ]
