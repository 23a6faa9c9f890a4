"""Where the project and its pages are."""

HOME = "https://github.com/agenix-check/agenix-check"


def rule_uri(rule_id: str) -> str:
    """Return where the page of a rule is."""
    return f"{HOME}/blob/main/docs/rules/{rule_id}.md"
