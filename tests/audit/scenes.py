"""What people do to the sample fleet, and what the gate says of it."""

from collections.abc import Mapping
from pathlib import Path

from agenix_check.cli.configuration import load_settings
from agenix_check.cli.destinations import destinations, want_details
from agenix_check.cli.options import OptionValue
from agenix_check.demo.workshop import Workshop, key_path
from agenix_check.gate import check
from agenix_check.git.repository import open_repository
from agenix_check.model.findings import Finding, JudgedFile, Report
from agenix_check.model.settings import Settings
from agenix_check.report.formats import text
from tests.settings_files import file_at

DB, WIFI, ALPHA_TOKEN = "secrets/db.age", "secrets/wifi.age", "secrets/alpha-token.age"
# What alpha's token holds, under a passphrase: to make one takes seconds, by design.
LOCKED_TOKEN = """\
-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBlckQxUmp3RUp4MFBydHZ2
QnlvR1V3IDIwCkVZNllETys2UUthSFpSTTI0UmpmRE9OL2tla1h2SnJ6ZXhzeStJ
Z0xCVGMKLS0tIFdPamthTVZDNm1yaEVzSTVyUUxVY2ZiWFVzaTVIQkZzOU5lWTI0
UEx2UUkKX3ite7u+4aIfHCEBSA9XRD52MVv3OR4/JGtR0nEBMPs2w0f8fSQIiCxz
BWtyBRs=
-----END AGE ENCRYPTED FILE-----
"""
NODES = ("alpha", "beta", "gamma", "delta")


def storage(node: str) -> str:
    """Return a node's output directory, which is its name where only names are known."""
    return f"secrets/rekeyed/{node}"


def old_output(shop: Workshop, node: str, secret: str) -> str:
    """Return the path of the one output of a node and secret that is on disk."""
    (path,) = shop.top.glob(f"{storage(node)}/*-{secret}.age")
    return path.relative_to(shop.top).as_posix()


def rekey(shop: Workshop, node: str, secret: str, source: str, plaintext: str | bytes) -> str:
    """Make an output anew in place of the one that is there, and return its path."""
    old = old_output(shop, node, secret)
    new = shop.rekey(node, secret, source, plaintext)
    if new != old:
        shop.remove(old)
    return new


def rekey_all(shop: Workshop, secret: str, source: str, plaintext: str, *nodes: str) -> None:
    """Make a secret's outputs anew for some nodes, or for all."""
    for node in nodes or NODES:
        rekey(shop, node, secret, source, plaintext)


def name_key_file(node: str) -> str:
    """Return where a node's key is."""
    return key_path(node)


def judge(shop: Workshop, **options: OptionValue) -> Report:
    """Check a fleet and return the report; the index, unless the options say otherwise."""
    repository = open_repository(shop.top)
    settings = _settings(repository.top, options)
    return check(repository, settings, details=want_details(destinations(settings)))


def text_of(shop: Workshop, **options: OptionValue) -> str:
    """Check a fleet and return what a terminal shows; what is remembered is enough for that."""
    repository = open_repository(shop.top)
    report = check(repository, _settings(repository.top, options), brief=True)
    return text.render(report, color=False, verbose=False, quiet=False)


def _settings(top: Path | None, options: Mapping[str, OptionValue]) -> Settings:
    given = {name.replace("_", "-"): value for name, value in options.items()}
    return load_settings(file_at(top), {}, {"no-cache": True, **given})


def judge_staged(shop: Workshop, **options: OptionValue) -> Report:
    """Stage everything and check it."""
    shop.stage()
    return judge(shop, **options)


def of_rule(report: Report, rule: str) -> list[Finding]:
    """Return the findings of a rule."""
    return [finding for finding in report.findings if finding.rule == rule]


def the_only(report: Report, rule: str) -> Finding:
    """Return the one finding of a rule, which must be the only one besides notes."""
    (finding,) = (one for one in report.findings if one.severity != "note" or one.rule == rule)
    assert finding.rule == rule, finding
    return finding


def told(report: Report) -> set[tuple[str, str, str, str]]:
    """Return severity, rule, node and secret of every finding but notes, nodes by their host."""
    return {
        (
            str(finding.severity),
            finding.rule,
            (finding.node or "").rpartition("/")[2],
            finding.secret or "",
        )
        for finding in report.findings
        if finding.severity != "note"
    }


def result(report: Report, node: str, secret: str) -> JudgedFile:
    """Return the verdict of the only output of a node and secret."""
    (found,) = (one for one in report.outputs if one.node == storage(node) and one.secret == secret)
    return found
