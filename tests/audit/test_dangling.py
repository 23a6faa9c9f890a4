"""Modules that still declare a secret at the place that this change took it from."""

import json

from agenix_check.demo.workshop import Workshop
from agenix_check.model.findings import Finding, Report
from tests.audit.scenes import DB, WIFI, judge, judge_staged, of_rule
from tests.conftest import Run

MODULE = """{ config, ... }:
{
  # age.secrets.old.rekeyFile = ../secrets/db.age;
  age.secrets.db.rekeyFile = ../secrets/db.age;
  age.secrets.wifi = { rekeyFile = ./../secrets/wifi.age; mode = "400"; };
  there = builtins.pathExists ../secrets/db.age;
  age.secrets.text.rekeyFile = "../secrets/db.age";
}
"""


def _missed(report: Report) -> list[Finding]:
    """Return what is said of the module here; the hosts' own files declare sources too."""
    return [one for one in of_rule(report, "source-missing") if "modules/" in one.message]


def test_a_source_that_is_moved_is_missed_by_the_module_that_declares_it(
    fleet: Workshop, run: Run
) -> None:
    fleet.write("modules/secrets.nix", MODULE)
    fleet.commit("Declare them")
    assert _missed(judge(fleet)) == []
    fleet.git.run("mv", DB, "moved.age")
    fleet.git.run("mv", WIFI, "secrets/w.age")
    fleet.write("modules/secrets.nix", MODULE.replace("secrets/wifi", "secrets/w"))
    fleet.stage()

    said = run(fleet.top, "--inventory", "names", "--format", "json")

    assert (said.code, said.stderr) == (0, "")
    (finding,) = (
        one for one in json.loads(said.stdout)["findings"] if "modules/" in one["message"]
    )
    assert (finding["severity"], finding["path"], finding["new"]) == ("warning", DB, True)
    assert finding["message"] == (
        "modules/secrets.nix:4 declares it here, but this change moved it to moved.age"
    )
    assert finding["mend"] == (
        "# write its new place in modules/secrets.nix, line 4, and git add that"
    )
    commit = fleet.commit("Move them")
    assert [one.path for one in _missed(judge(fleet, rev="HEAD"))] == [DB]
    assert [one.path for one in _missed(judge(fleet, **{"from-ref": f"{commit}~"}))] == [DB]
    fleet.write("README.md", "more\n")
    fleet.commit("Go on")
    assert _missed(judge(fleet, rev="HEAD")) == []
    # What is deleted may not be needed, nor the module.
    fleet.remove("moved.age")
    assert _missed(judge_staged(fleet)) == []
    fleet.git.run("reset", "--quiet", "--hard")
    # A link leads there.
    fleet.git.run("mv", "moved.age", DB)
    fleet.commit("Move it back")
    fleet.git.run("mv", DB, "moved.age")
    (fleet.top / DB).symlink_to("../moved.age")
    assert _missed(judge_staged(fleet)) == []
