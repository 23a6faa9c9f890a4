"""The rule `secret-exposed` in the gate: off unless it is asked for."""

import json

from agenix_check.demo.workshop import Workshop
from tests.access.past import sell
from tests.access.test_present import ALL, DB, WIFI
from tests.conftest import Run


def test_it_is_off_by_default(fleet: Workshop, run: Run) -> None:
    sell(fleet, "beta")
    assert "secret-exposed" not in run(fleet.top, "--rev", "HEAD").stdout


def test_what_a_commit_exposes_is_new_in_it(fleet: Workshop, run: Run) -> None:
    sold = sell(fleet, "beta")
    options = ("--exposed", "--rev", "HEAD", "--format", "json")
    result = run(fleet.top, *options)
    assert result.code == 0  # a warning
    found = json.loads(result.stdout)["findings"]
    assert [(one["rule"], one["path"], one["new"], one["since"]) for one in found] == [
        ("secret-exposed", DB, True, sold), ("secret-exposed", WIFI, True, sold),
    ]  # fmt: skip
    assert found[0]["severity"] == "warning"
    assert found[0]["message"] == "beta could read it; it is in use"
    assert found[0]["mend"].startswith("# ")
    assert run(fleet.top, "--exposed", "--rev", "HEAD", "--strict").code == 1
    fleet.write("README.md", "Another.\n")
    fleet.commit("Edit a text")
    found = json.loads(run(fleet.top, *options).stdout)["findings"]
    assert [one["new"] for one in found] == [False, False]
    # It depends on more than the tree, so nothing of it is remembered.
    assert "secret-exposed" in run(fleet.top, "--exposed", "--rev", "HEAD").stdout
    assert "secret-exposed" not in run(fleet.top, "--rev", "HEAD").stdout


def test_by_the_settings_file(fleet: Workshop, run: Run) -> None:
    fleet.write("agenix-check.toml", "exposed = true\n")
    sell(fleet, "beta")
    assert "secret-exposed" in run(fleet.top, "--rev", "HEAD").stdout


def test_what_was_public(fleet: Workshop, run: Run) -> None:
    sealed = fleet.read(WIFI)
    fleet.write(WIFI, "correct horse\n")
    fleet.commit("Oops")
    fleet.write(WIFI, sealed)
    fleet.commit("Never mind")
    result = run(fleet.top, "--exposed", "--rev", "HEAD", "-v")
    assert result.code == 0
    words = " ".join(result.stdout.split())
    assert "in plain text in secrets/wifi.age: everybody who has the repository can read" in words


def test_a_private_key_that_was_committed(fleet: Workshop, run: Run) -> None:
    fleet.write("key.txt", f"{fleet.identity}\n")
    fleet.commit("Oops")
    fleet.remove("key.txt")
    fleet.commit("Never mind")
    result = run(fleet.top, "--exposed", "--rev", "HEAD", "--format", "json")
    listed = json.loads(result.stdout)["findings"]
    found = [one for one in listed if one["rule"] == "secret-exposed"]
    assert [one["path"] for one in found] == ALL
    said = "a private key that opens it was in key.txt; it is in use"
    assert {one["message"] for one in found} == {said}
    assert run(fleet.top, "--exposed", "--rev", "HEAD", "--strict").code == 1
