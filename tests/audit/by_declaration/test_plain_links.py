"""Plain agenix: rules whose file is a symbolic link to another file."""

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from tests.audit.by_declaration.test_plain import judge, of, write_rules


def test_an_anonymous_key_that_came_later_cannot_be_in_what_a_link_leads_to(
    workshop: Workshop,
) -> None:
    (_, old), (_, new) = new_identity(), new_identity()
    for name in ("stays", "again"):
        workshop.write(f"shared/{name}.age", encrypt(b"x", [old]))
        (workshop.top / f"{name}.age").symlink_to(f"shared/{name}.age")
    write_rules(workshop, stays=[old], again=[old])
    workshop.commit("Begin")
    write_rules(workshop, stays=[new], again=[new])
    workshop.write("shared/again.age", encrypt(b"x", [new]))
    expected = {
        "again.age": ("unverifiable", ()),
        "stays.age": ("wrong", ("plain-missing-recipient",)),
    }

    assert of(judge(workshop)) == expected
    workshop.commit("Exchange the key")
    workshop.write("README.md", "more\n")
    workshop.commit("Go on")
    report = judge(workshop)

    assert of(report) == expected
    assert [one.new for one in report.findings] == [False]
    # Who leads a link to a file that was written before may know what is in it.
    (workshop.top / "stays.age").unlink()
    (workshop.top / "stays.age").symlink_to("shared/again.age")
    assert of(judge(workshop))["stays.age"] == ("unverifiable", ())
