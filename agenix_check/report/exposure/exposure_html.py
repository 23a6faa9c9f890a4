"""What could be read, as a page for a browser."""

from agenix_check.model.exposed import Exposure, KeyExposure
from agenix_check.report.exposure.exposure_words import (
    HOW_TO_ROTATE,
    days,
    exposure_summary,
    folded,
    key_title,
    public_sentence,
    secret_words,
    state_words,
    still_words,
)
from agenix_check.report.formats.html.tables import TableOnPage, TablesPage, render_tables


def render(exposure: Exposure) -> str:
    """Turn what could be read into HTML."""
    tables = [_key(one) for one in exposure.keys]
    if exposure.public:
        rows = tuple(((public_sentence(one),),) for one in folded(exposure.public))
        tables.insert(0, TableOnPage("Was public", ("whoever could read the repository",), rows))
    state = "warned" if exposure.needs_rotation else "good"
    return render_tables(
        TablesPage(
            title="What to rotate",
            state="unknown" if exposure.incomplete else state,
            summary=exposure_summary(exposure),
            sentences=(
                *([HOW_TO_ROTATE] if exposure.needs_rotation else []),
                *exposure.notices,
                *(f"could not check: {one}" for one in exposure.incomplete),
            ),
            tables=tuple(tables),
        )
    )


def _key(one: KeyExposure) -> TableOnPage:
    rows = tuple(
        (
            (secret_words(secret),),
            (state_words(secret),),
            tuple(f"{days(each)}, through {each.via}" for each in secret.versions),
        )
        for secret in folded(one.secrets)
    )
    title = ", ".join(filter(None, (key_title(one), still_words(one))))
    return TableOnPage(title, ("secret", "state", "readable"), rows)
