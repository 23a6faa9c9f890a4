"""`agenix-check config`: the value in force of each setting, and who set it."""

import json

from agenix_check.cli.options import OPTIONS
from agenix_check.demo.workshop import Workshop
from tests.cli.running import complains
from tests.conftest import Run

FILE = """\
strict = true
nodes = ["guests"]
[[ignore]]
rule = "output-orphan"
reason = "kept until May"
"""


def test_every_setting_is_listed(fleet: Workshop, run: Run) -> None:
    shown = run(fleet.top, "config")
    assert (shown.code, shown.stderr) == (0, "")
    names = [line.split()[0] for line in shown.stdout.splitlines()]
    assert names == [one.name for one in OPTIONS if one.text.in_file or one.text.has_variable]
    assert "#" not in shown.stdout


def test_who_set_it(fleet: Workshop, run: Run) -> None:
    fleet.write("agenix-check.toml", FILE)
    fleet.stage()
    variables = {"AGENIX_CHECK_STRICT": "0", "AGENIX_CHECK_NIX_TIMEOUT": "7", "CI": "true"}
    listed = json.loads(run(fleet.top, "config", "--format", "json", env=variables).stdout)
    found = {one["name"]: (one["value"], one["origin"]) for one in listed}
    assert found["strict"] == ("false", "AGENIX_CHECK_STRICT")
    assert found["nix-timeout"] == ("7", "AGENIX_CHECK_NIX_TIMEOUT")
    assert found["nodes"] == ('["guests"]', "agenix-check.toml")
    assert found["evaluate"] == ('"always"', "CI")
    assert found["verbose"] == ("false", "default")
    rule = '{ rule = "output-orphan", reason = "kept until May" }'
    assert found["ignore"] == (f"[{rule}]", "agenix-check.toml")


def test_one_at_length(fleet: Workshop, run: Run) -> None:
    shown = run(fleet.top, "config", "fail-on").stdout
    assert shown.startswith('fail-on = "all"\n')
    assert "  type: all, new\n" in shown
    assert "  can be set in: agenix-check.toml, AGENIX_CHECK_FAIL_ON, --fail-on\n" in shown
    complains(run(fleet.top, "config", "strikt"), 2, "'strikt'", "'strict'")


def test_a_wrong_file_is_one_line(fleet: Workshop, run: Run) -> None:
    fleet.write("agenix-check.toml", "strikt = true\n")
    fleet.stage()
    complains(run(fleet.top, "config"), 2, "'strikt'")
