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
