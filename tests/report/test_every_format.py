"""What holds for every format there is; tests/test_recipes.py adds one."""

import pytest

from agenix_check.model.access import (
    AccessChange,
    AccessListing,
    Readable,
    Reader,
    ReaderKind,
    Replacement,
    Shown,
)
from agenix_check.model.exposed import (
    ExposedSecret,
    Exposure,
    KeyExposure,
    PublicSecret,
    ReadableVersion,
    VersionState,
)
from agenix_check.model.findings import Cause, CauseKind, Report, Verdict
from agenix_check.model.frozen import replace
from agenix_check.report import RenderOptions, render
from agenix_check.report.access import access_formats, render_access
from agenix_check.report.exposure import exposure_formats, render_exposure
from agenix_check.report.registry import Format, all_formats, find_format, format_names
from tests.report.runner import commands
from tests.report.sample import HOSTILE, TROUBLE, finding, output, plain

_EVIL = f"{HOSTILE}\n::add-mask::x\x00\x9b\u2028"
_OID = "0" * 40
_READER = Reader(
    ReaderKind.NODE, _EVIL, _EVIL, _EVIL, _EVIL, (Readable(_EVIL, Shown.ADDRESSED),) * 2
)


def hostile() -> Report:
    """Return a report in which everything that a repository can name is hostile."""
    found = finding(
        "output-stale", _EVIL, _EVIL, message=_EVIL, path=_EVIL, mend=_EVIL,
        cause=Cause(kind=CauseKind.SOURCE_CHANGED, path=_EVIL, commit=_EVIL),
    )  # fmt: skip
    files = (
        output(_EVIL, _EVIL, Verdict.WRONG, "output-stale"),
        output(_EVIL, "x", Verdict.UNVERIFIABLE, reason=_EVIL),
        plain(_EVIL, Verdict.SKIPPED, rules_file=_EVIL),
    )
    return replace(
        TROUBLE,
        findings=(found, replace(found, new=False, cause=None), *TROUBLE.findings),
        files=(*files, *TROUBLE.files),
        access=AccessChange(
            added=(_READER,),
            removed=(_READER._replace(key=None, kind=ReaderKind.UNKNOWN),),
            replaced=(Replacement(_READER, _READER._replace(fingerprint=None)),),
            newcomers=frozenset([_EVIL]),
        ),
        incomplete=(_EVIL,),
        skipped=(_EVIL,),
    )


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("form", format_names())
def test_hostile_names_are_printable_in(form: str, verbose: bool) -> None:
    text = render(hostile(), form, RenderOptions(verbose=verbose))

    assert not [char for char in text if not (char.isprintable() or char in "\n\t")]
    assert text.encode().decode() == text
    assert {one.name for one in commands(text)} <= {"error", "warning", "notice"}


def test_a_declaration_is_of_its_file() -> None:
    assert [one.name for one in all_formats()] == list(format_names())
    for one in all_formats():
        assert one.audience
        if one.summary is not None:
            assert isinstance(find_format(one.summary.format), Format)


@pytest.mark.parametrize("form", access_formats())
@pytest.mark.parametrize("of_range", [False, True])
def test_hostile_names_are_printable_in_access(form: str, of_range: bool) -> None:
    change = hostile().access
    assert change is not None
    listing = AccessListing((*change.added, *change.removed), change if of_range else None)
    text = render_access(listing, form, 80)

    assert not [char for char in text if not (char.isprintable() or char in "\n\t\r")]
    assert text.encode().decode() == text
    assert commands(text) == []


@pytest.mark.parametrize("form", exposure_formats())
def test_hostile_names_are_printable_in_exposure(form: str) -> None:
    version = ReadableVersion(_OID, _EVIL, _OID, 0, _OID, 1, VersionState.PERHAPS)
    secret = ExposedSecret(_EVIL, VersionState.PERHAPS, (version,) * 5)
    key = KeyExposure(_EVIL, "", _EVIL, (_EVIL,), (_EVIL,), reader=False, secrets=(secret,))
    public = PublicSecret(_EVIL, _OID, 0, _EVIL, VersionState.IN_USE)
    keys = (key, key._replace(key=None, words=_EVIL))
    text = render_exposure(Exposure(keys, (public,), (_EVIL,), (_EVIL,)), form, 80)

    assert not [char for char in text if not (char.isprintable() or char in "\n\t")]
    assert text.encode().decode() == text
    assert commands(text) == []
