"""A fleet of 1,000 nodes with 200 secrets each, 30,000 of whose outputs are wrong."""

import gc
import resource
import subprocess
import sys
from pathlib import Path

from agenix_check.model.findings import Cause, CauseKind, Report, Severity, Verdict
from agenix_check.report import RenderOptions, render
from agenix_check.report.registry import format_names
from tests.report.sample import finding, output, report

NODES, SECRETS, WRONG = 1_000, 200, 30
MOST_MEMORY = 1 << 30  # bytes of address space
MOST_TIME = 60  # seconds of processor time for all formats; ten on a quiet machine

ROOT = Path(__file__).parents[2]


def large() -> Report:
    rekeyed = [
        output(f"nixos:host{node:04}", f"secret{secret:03}", Verdict.WRONG, "output-stale")
        if secret < WRONG
        else output(f"nixos:host{node:04}", f"secret{secret:03}")
        for node in range(NODES)
        for secret in range(SECRETS)
    ]
    causes = [
        Cause(kind=CauseKind.SOURCE_CHANGED, path=f"secrets/secret{secret:03}.age")
        for secret in range(WRONG)
    ]
    findings = [
        finding(
            "output-stale", f"nixos:host{node:04}", f"secret{secret:03}", cause=cause,
            severity=Severity.ERROR, mend="agenix-check --fix",
        )
        for node in range(NODES)
        for secret, cause in enumerate(causes)
    ]  # fmt: skip
    return report(*rekeyed, findings=tuple(findings))


def test_it_is_written_in_seconds_and_within_a_gibibyte() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.report.test_large"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lengths = dict(line.split() for line in done.stdout.splitlines())

    assert list(lengths) == list(format_names())
    assert all(int(length) > 100 for length in lengths.values())


if __name__ == "__main__":
    gc.disable()  # as the command does
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_TIME, MOST_TIME))
    sample = large()
    for form in format_names():
        sys.stdout.write(f"{form} {len(render(sample, form, RenderOptions()))}\n")
