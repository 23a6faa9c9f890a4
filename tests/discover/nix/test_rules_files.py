"""Plain agenix rules files, told from other files of that name."""

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.nix import evaluate_rules
from agenix_check.discover.rules.relative import list_secrets_nix
from agenix_check.git.repository import index_snapshot, open_repository
from agenix_check.model.declaration import PlainRule, RulesFile
from tests.discover.nix.flakes import declare_rules

_AT_THE_END = "syntax error, unexpected end of file ({0}:1); correct it, then: git add {0}"


def _found(workshop: Workshop) -> dict[str, RulesFile]:
    """Stage everything, and return every rules file that is found."""
    workshop.stage()
    with index_snapshot(open_repository(workshop.top)) as (repository, snapshot):
        paths = list_secrets_nix(snapshot.files)
        return {file.path: file for file in evaluate_rules(repository, snapshot, paths)}


def test_rules_are_read_relative_to_their_file(workshop: Workshop) -> None:
    workshop.write("keys.nix", '{ me = "age1me"; hosts = [ "age1a" [ "age1b" ] ]; }')
    workshop.write("secrets/host.pub", "ssh-ed25519 AAAA\nssh-ed25519 BBBB\n\n")
    workshop.write(
        "secrets/secrets.nix",
        """
        let keys = import ../keys.nix; in {
          "db.age".publicKeys = [ keys.me keys.hosts keys.me ];
          "deep/x.age" = { publicKeys = [ (builtins.readFile ./host.pub) ]; armor = true; };
          "../top.age" = { publicKeys = [ ]; armor = false; extra = throw "extra"; };
          other = { };
        }
        """,
    )
    assert _found(workshop)["secrets/secrets.nix"] == RulesFile(
        path="secrets/secrets.nix",
        rules=(
            PlainRule(
                path="secrets/db.age",
                recipients=("age1me", "age1a", "age1b"),
                armor=None,
                repeated=("age1me",),
                nested=True,
            ),
            PlainRule(
                path="secrets/deep/x.age",
                recipients=("ssh-ed25519 AAAA", "ssh-ed25519 BBBB"),
                armor=True,
            ),
            PlainRule(path="top.age", recipients=(), armor=False),
        ),
        directory="secrets",
    )


def test_what_is_no_rules_file_is_left_out(workshop: Workshop) -> None:
    workshop.write("a/secrets.nix", "{ config, lib, ... }: { age.secrets = { }; }")
    workshop.write("b/secrets.nix", "{ age.secrets.db.file = ./db.age; }")
    workshop.write("c/secrets.nix", '{ x = abort "no rules, and broken"; }')
    workshop.write("d/secrets.nix", "{ }")
    workshop.write("e/secrets.nix", "[ 1 ]")
    workshop.write("f/secrets.nix", "{ syntax = ")
    workshop.write("g/notsecrets.nix", '{ "x.age".publicKeys = [ ]; }')
    workshop.write("secrets.nix", '{ "x.age".publicKeys = [ ]; }')
    (workshop.top / "h").mkdir()
    (workshop.top / "h/secrets.nix").symlink_to("../secrets.nix")
    assert list(_found(workshop)) == ["secrets.nix"]


def test_a_failing_file_does_not_hide_the_others(workshop: Workshop) -> None:
    for number in range(6):
        workshop.write(f"good{number}/secrets.nix", '{ "x.age".publicKeys = [ "age1" ]; }')
    workshop.write("impure/secrets.nix", '{ "x.age".publicKeys = (import <nixpkgs> { }).keys; }')
    workshop.write("syntax/secrets.nix", '{ "x.age".publicKeys = [ ')
    workshop.write("throws/secrets.nix", '{ "x.age".publicKeys = throw "no keys"; }')
    workshop.write("types/secrets.nix", '{ "x.age".publicKeys = [ { } ]; }')
    found = _found(workshop)
    failures = {path: file.failure for path, file in found.items() if file.failure is not None}
    assert len(found) == 10
    assert failures == {
        "impure/secrets.nix": failures["impure/secrets.nix"],
        "syntax/secrets.nix": _AT_THE_END.format("syntax/secrets.nix"),
        "throws/secrets.nix": "no keys",
        "types/secrets.nix": failures["types/secrets.nix"],
    }
    # Older Nix tells the line, too, and then it is said what to do with the file.
    assert str(failures["impure/secrets.nix"]).partition(" (impure/secrets.nix:1)")[0] == (
        "cannot look up '<nixpkgs>' in pure evaluation mode"
    )
    assert str(failures["types/secrets.nix"]).startswith("cannot coerce a set to a string")


def test_rules_that_leave_the_repository_are_dropped(workshop: Workshop) -> None:
    workshop.write(
        "secrets.nix",
        '{ "in.age".publicKeys = [ ]; "../out.age".publicKeys = [ ]; "/etc/x".publicKeys = [ ]; }',
    )
    file = _found(workshop)["secrets.nix"]
    assert [rule.path for rule in file.rules] == ["in.age"]
    assert file.failure == "these rules lead out of the repository: '../out.age', '/etc/x'"


def test_a_file_that_the_user_named_is_told_of(workshop: Workshop) -> None:
    workshop.write("agenix/rules.nix", '{ "x.age".publicKeys = [ "age1" ]; }')
    workshop.write("module.nix", "{ config, ... }: { }")
    workshop.write("broken.nix", "{ x = ")
    workshop.stage()
    paths = ["broken.nix", "gone.nix", "agenix/rules.nix", "module.nix"]
    rules, broken, gone, module = declare_rules(workshop.top, paths)
    assert [rule.path for rule in rules.rules] == ["agenix/x.age"]
    assert broken.failure == _AT_THE_END.format("broken.nix")
    assert gone.failure == "it is not in this tree"
    assert module.failure == "it has no rules: no attribute of it has publicKeys"


def test_no_flake_is_needed_and_no_commit(workshop: Workshop) -> None:
    workshop.write("ä dir/${x}/se'c\"rets.nix", '{ "x.age".publicKeys = [ "age1" ]; }')
    workshop.stage()
    (file,) = declare_rules(workshop.top, ["ä dir/${x}/se'c\"rets.nix"])
    assert file.failure is None
    assert [rule.path for rule in file.rules] == ["ä dir/${x}/x.age"]
    assert declare_rules(workshop.top, []) == ()
