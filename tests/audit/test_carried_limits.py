"""What a change that touches neither keys nor secrets decides all the same: it is looked at."""

from agenix_check.demo.workshop import Workshop
from tests.audit.scenes import ALPHA_TOKEN, NODES
from tests.git.looking import call


def test_a_report_is_not_carried_over_the_last_module_that_goes(fleet: Workshop) -> None:
    for node in NODES[1:]:
        fleet.remove(f"hosts/{node}/default.nix")
    fleet.write("hosts/alpha/default.nix", "{ }\n")
    fleet.commit("Declare nothing here")
    fleet.source(ALPHA_TOKEN, "another\n")
    fleet.commit("Edit a source that no module names")
    fleet.write("README.md", "A page.\n")
    fleet.commit("Write a page")
    assert call(fleet.top).code == 0
    fleet.remove("hosts/alpha/default.nix")
    fleet.commit("Remove the last module")
    with_memory = call(fleet.top)
    assert with_memory == call(fleet.top, "--no-cache")
    assert with_memory.code == 1


def test_a_report_is_not_carried_over_what_a_link_leads_to(fleet: Workshop) -> None:
    fleet.write("docs/page/one.txt", "A page.\n")
    (fleet.top / "secrets/link.age").symlink_to("../docs/page")
    fleet.commit("Link to a directory")
    fleet.write("README.md", "A page.\n")
    fleet.commit("Write a page")
    assert call(fleet.top).code == 0
    fleet.remove("docs/page/one.txt")
    fleet.commit("Remove the page")
    with_memory = call(fleet.top)
    assert with_memory == call(fleet.top, "--no-cache")
    assert with_memory.code == 3


def test_what_another_branch_has_explains_nothing_here(fleet: Workshop) -> None:
    fleet.git.run("checkout", "--quiet", "-b", "side")
    fleet.source("secrets/side.age", "second\n")
    fleet.source(ALPHA_TOKEN, "third\n")
    fleet.commit("Add a source")
    output = fleet.rekey("alpha", "token", "secrets/side.age", "second\n")
    content = fleet.read(output)
    fleet.commit("Make an output from it")
    fleet.remove("secrets/side.age")
    fleet.commit("Delete the source")
    assert call(fleet.top).code == 1
    fleet.restore()
    fleet.git.run("checkout", "--quiet", "main")
    fleet.write(output, content)
    fleet.commit("Bring that output")
    with_memory = call(fleet.top)
    assert with_memory == call(fleet.top, "--no-cache")
    assert with_memory.code == 1


def test_what_was_only_staged_explains_nothing_later(fleet: Workshop) -> None:
    before = fleet.read(ALPHA_TOKEN)
    fleet.source(ALPHA_TOKEN, "third\n")
    fleet.commit("Lose an output")
    fleet.source("secrets/side.age", "second\n")
    fleet.rekey("alpha", "token", "secrets/side.age", "second\n")
    fleet.stage()
    assert call(fleet.top).code == 1
    fleet.remove("secrets/side.age")
    fleet.stage()
    assert call(fleet.top).code == 1
    fleet.write(ALPHA_TOKEN, before)
    fleet.commit("Bring an output, and the source as it was")
    fleet.write("README.md", "A page.\n")
    fleet.commit("Write a page")
    with_memory = call(fleet.top)
    assert with_memory == call(fleet.top, "--no-cache")
    assert with_memory.code == 0
