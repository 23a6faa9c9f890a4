"""Which file a finding is shown at, and how its path becomes a URI."""

import os
import re
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.model.findings import Cause, CauseKind, FleetInfo, Severity
from agenix_check.model.frozen import replace
from agenix_check.report.finding_places import (
    FindingPlace,
    Role,
    declared_in,
    places,
    shown_path,
    to_uri,
)
from agenix_check.report.grouping import importance
from tests.report.sample import ALPHA, GREEN, finding, path_of

SOURCE, KEY, OUTPUT = "secrets/db.age", "hosts/alpha/host.pub", path_of(ALPHA, "db")
STALE = finding("output-stale", ALPHA, "db")

PATHS = st.one_of(
    st.binary(min_size=1, max_size=40).map(os.fsdecode),
    st.text(alphabet="./:%?#a\\\udcff é\n", min_size=1, max_size=12),
)


@pytest.mark.parametrize(
    ("kind", "path", "shown", "order"),
    [
        (CauseKind.SOURCE_CHANGED, SOURCE, SOURCE, [Role.SOURCE, Role.OUTPUT]),
        (CauseKind.SOURCE_DELETED, "old.age", "old.age", [Role.SOURCE, Role.SOURCE, Role.OUTPUT]),
        (CauseKind.KEY_CHANGED, KEY, KEY, [Role.SOURCE, Role.KEY, Role.OUTPUT]),
        (CauseKind.KEY_TEXT_CHANGED, KEY, KEY, [Role.SOURCE, Role.KEY, Role.OUTPUT]),
        (CauseKind.KEY_DELETED, KEY, KEY, [Role.SOURCE, Role.KEY, Role.OUTPUT]),
        (
            CauseKind.DECLARATION_CHANGED, "hosts/a.nix", "hosts/a.nix",
            [Role.SOURCE, Role.DECLARATION, Role.OUTPUT],
        ),
        (
            CauseKind.FILE_CHANGED, "secrets.nix", "secrets.nix",
            [Role.SOURCE, Role.DECLARATION, Role.OUTPUT],
        ),
        (CauseKind.OUTPUT_CHANGED, OUTPUT, SOURCE, [Role.SOURCE, Role.OUTPUT]),
        (CauseKind.OUTPUT_DELETED, "gone.age", SOURCE, [Role.SOURCE, Role.OUTPUT, Role.OUTPUT]),
        (CauseKind.OUTPUT_REPLACED, OUTPUT, SOURCE, [Role.SOURCE, Role.OUTPUT]),
    ],
)  # fmt: skip
def test_what_was_edited_is_shown(
    kind: CauseKind, path: str, shown: str, order: list[Role]
) -> None:
    one = replace(STALE, cause=Cause(kind=kind, path=path))
    found = places(one)

    assert shown_path(one) == shown
    assert [place.role for place in found] == order
    assert {place.path for place in found} == {SOURCE, path, OUTPUT}


def test_every_kind_of_cause_has_a_role() -> None:
    for kind in CauseKind:
        assert places(finding("a-b", cause=Cause(kind=kind, path="x")))


@pytest.mark.parametrize(
    ("rule", "path", "role"),
    [
        ("output-orphan", "a/b-c.age", Role.OUTPUT),
        ("source-unused", "a.age", Role.SOURCE),
        ("node-invalid-key", KEY, Role.KEY),
        ("node-storage-overlap", "secrets", Role.FILE),
        ("private-key", "hosts/a/ssh_host_ed25519_key", Role.FILE),
        ("lock-stale", "agenix-check.lock", Role.FILE),
    ],
)
def test_without_a_cause_it_is_the_file_itself(rule: str, path: str, role: Role) -> None:
    one = finding(rule, path=path)

    assert shown_path(one) == path
    assert places(one) == (FindingPlace(role=role, path=path),)


def test_a_finding_may_name_no_file() -> None:
    one = finding("node-not-evaluated", ALPHA)

    assert shown_path(one) is None
    assert places(one) == ()
    assert shown_path(
        finding("output-missing", cause=Cause(kind=CauseKind.OUTPUT_DELETED, path="x"))
    )


def test_the_most_important_come_first() -> None:
    ordered = [
        finding("output-missing", ALPHA, "db"),
        finding("output-stale", ALPHA, "db"),
        finding("output-missing", ALPHA, "db", new=False),
        finding("output-lfs", ALPHA, "db", severity=Severity.WARNING),
        finding("a-rule-that-is-not-in-the-catalogue", severity=Severity.WARNING),
        finding("source-unused", severity=Severity.NOTE),
    ]

    turned = ordered[::-1]
    assert sorted(turned, key=importance) == ordered


@pytest.mark.parametrize(
    ("inventory", "file"),
    [("nix", "flake.nix"), ("lock", "agenix-check.lock"), ("names", "flake.nix")],
)
def test_the_fleet_is_declared_somewhere(inventory: str, file: str) -> None:
    fleet = FleetInfo(inventory=inventory, complete=True, nodes=0, secrets=0)

    assert declared_in(replace(GREEN, fleet=fleet)) == file


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("secrets/db.age", "secrets/db.age"),
        ("a b+c,d=e@f.age", "a%20b%2Bc%2Cd%3De%40f.age"),
        ("c:/x", "c%3A/x"),
        ("50%?#x", "50%25%3F%23x"),
        ("größe/\U0001f511", "gr%C3%B6%C3%9Fe/%F0%9F%94%91"),
        ("\udcff\n", "%FF%0A"),
        ("/etc/passwd", "%2Fetc/passwd"),
        ("//host/x", "%2F/host/x"),
        ("../../x", "%2E%2E/%2E%2E/x"),
        ("./.git/...", "%2E/.git/..."),
        ("a\\b", "a%5Cb"),
        ("", "."),
        ("\ud800", "%3F"),
    ],
)
def test_paths_become_relative_uris(path: str, uri: str) -> None:
    assert to_uri(path) == uri


_RELATIVE = re.compile(r"(?!/)(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+")


@given(PATHS)
def test_the_bytes_of_a_path_can_be_had_back(path: str) -> None:
    uri = to_uri(path)
    parts = urlsplit(uri)

    assert _RELATIVE.fullmatch(uri)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert unquote_to_bytes(uri) == os.fsencode(path)
    assert urljoin("https://host/repository/", uri).startswith("https://host/repository/")
