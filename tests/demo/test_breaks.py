"""Each break alone: the gate names its rule, and taking it back leaves a fleet in order."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agenix_check.demo.breaks import Break
from agenix_check.demo.every_break import BREAKS
from agenix_check.demo.isolation import plain_git
from agenix_check.demo.plain_breaks import PLAIN_BREAKS
from agenix_check.demo.plain_sample import PlainSample
from agenix_check.demo.play import SETTINGS, judge
from agenix_check.demo.sample_fleet import SECRETS, SampleFleet
from agenix_check.gate import exit_code
from agenix_check.model.findings import Severity, Verdict
from agenix_check.rules import RULES


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> SampleFleet:
    fleet = SampleFleet(tmp_path_factory.mktemp("demo"))
    fleet.build()
    return fleet


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> PlainSample:
    sample = PlainSample(tmp_path_factory.mktemp("plain"))
    sample.build()
    return sample


@pytest.fixture
def fleet(built: SampleFleet) -> Iterator[SampleFleet]:
    with plain_git():
        yield built
        built.restore()


def top(fleet: SampleFleet) -> Path:
    return fleet.shop.top


def test_the_fleet_is_in_order(fleet: SampleFleet) -> None:
    report = judge(top(fleet))

    assert report.findings == ()
    assert exit_code(report, SETTINGS) == 0
    assert len(report.outputs) == sum(len(secret.nodes) for secret in SECRETS)
    by_node = {(output.node, output.verdict) for output in report.outputs}
    assert by_node == {
        ("rekeyed/alpha", Verdict.OK),
        ("rekeyed/beta", Verdict.OK),
        ("rekeyed/gamma", Verdict.OK),
        ("rekeyed/delta", Verdict.UNVERIFIABLE),  # its age key is anonymous
    }


def test_the_fleet_is_told_in_its_nix_files(fleet: SampleFleet) -> None:
    assert any("/" in secret.name for secret in SECRETS)
    for secret in SECRETS:
        for node in secret.nodes:
            module = fleet.shop.read(f"hosts/{node}/default.nix").decode()
            assert f'age.secrets."{secret.name}".rekeyFile = ../../{secret.source};' in module


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: one.title)
def test_the_gate_names_the_break(fleet: SampleFleet, one: Break[SampleFleet]) -> None:
    one.act(fleet)

    report = judge(top(fleet))

    named = [finding for finding in report.findings if finding.rule == one.rule]
    assert named
    assert all(finding.new for finding in named)
    failing = any(finding.severity is Severity.ERROR for finding in report.findings)
    assert exit_code(report, SETTINGS) == (1 if failing else 0)
    if RULES[one.rule].severity is Severity.ERROR and one.rule != "output-missing":
        assert failing


@pytest.mark.parametrize("one", [one for one in BREAKS if one.fix], ids=lambda one: one.title)
def test_a_fixed_break_is_in_order(fleet: SampleFleet, one: Break[SampleFleet]) -> None:
    assert one.fix is not None
    one.act(fleet)
    one.fix(fleet)

    assert judge(top(fleet)).findings == ()


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: one.title)
def test_a_break_is_taken_back(fleet: SampleFleet, one: Break[SampleFleet]) -> None:
    one.act(fleet)
    fleet.restore()

    assert fleet.shop.git.run("status", "--porcelain", "--ignored") == b""


def test_titles_are_one_line_each() -> None:
    titles = [one.title for one in (*BREAKS, *PLAIN_BREAKS)]

    assert len(set(titles)) == len(titles)
    assert all(len(f"{len(BREAKS)}. {title}") <= 80 for title in titles)
    assert all(title.isascii() and title.isprintable() for title in titles)


@pytest.mark.parametrize("one", PLAIN_BREAKS, ids=lambda one: one.title)
def test_a_break_of_plain_agenix(plain: PlainSample, one: Break[PlainSample]) -> None:
    with plain_git():
        assert judge(plain.shop.top).findings == ()
        one.act(plain)
        found = judge(plain.shop.top).findings
        if one.fix is not None:
            one.fix(plain)
            assert judge(plain.shop.top).findings == ()
        plain.restore()

    assert {finding.rule for finding in found if finding.severity is not Severity.NOTE} == {
        one.rule
    }
    assert all(finding.new for finding in found)
