"""Rules files: what they give, what they may read, and what is refused with its line."""

import time

import pytest

from agenix_check.discover.rules.machine import Budget
from agenix_check.discover.rules.understand import understand
from tests.discover.rules.trees import STEPS, evaluated, make_tree, misunderstood, texts

_KEY = "ssh-ed25519 AAAA"
_LONG = 'builtins.concatStringsSep "" (builtins.genList (x: "a") 20000)'


def test_rules_come_in_the_order_of_their_names() -> None:
    text = """
    let me = "age1me"; hosts = [ "age1a" [ "age1b" ] ]; in {
      "z.age".publicKeys = [ me hosts me ];
      "a.age" = { publicKeys = [ ]; armor = true; extra = throw "extra"; };
      other = { };
      number = 1;
    }
    """
    first, last = evaluated({"secrets.nix": text}).rules
    assert (first.name, first.keys, first.armor) == ("a.age", (), True)
    assert (last.name, texts(last), last.armor) == (
        "z.age", ("age1me", "age1a", "age1b", "age1me"), None,
    )  # fmt: skip


def test_keys_know_where_they_are_written() -> None:
    text = """
    let
      people = import ./people.nix;
      host = "age1host";
    in {
      a.publicKeys = builtins.attrValues people ++ [
        host
        "age1literal"
        (host + "2")
      ];
    }
    """
    people = '{\n  alice = "age1alice";\n}'
    found = evaluated({"secrets.nix": text, "people.nix": people})
    assert found.rules[0].keys == (
        ("age1alice", ("people.nix", 2), "alice"),
        ("age1host", ("secrets.nix", 4), "host"),
        ("age1literal", ("secrets.nix", 8), None),
        ("age1host2", ("secrets.nix", 9), None),
    )


@pytest.mark.parametrize("text", ["{ config, ... }: { }", "[ 1 ]", "{ }", "1", '{ a = "b"; }'])
def test_what_is_no_rules_file(text: str) -> None:
    assert understand(make_tree({"secrets.nix": text}), "secrets.nix", Budget(STEPS)) is None


def test_files_of_the_tree_are_read_and_remembered() -> None:
    contents = {
        "secrets/secrets.nix": """
        let
          inherit (builtins) attrNames attrValues filter match readDir readFile;
          people = import ../people;
          isKey = name: match ".*\\\\.pub" name != null;
          hosts = map (name: readFile (../hosts + "/${name}"))
            (filter isKey (attrNames (readDir ../hosts)));
          data = builtins.fromJSON (readFile ./keys.json);
          toml = builtins.fromTOML (readFile "${toString ./.}/keys.toml");
          copy = readFile "${../hosts}/b.pub";
        in {
          "a.age".publicKeys = attrValues people ++ hosts;
          "b.age".publicKeys = data.keys ++ toml.keys ++ [ copy ];
          "c.age".publicKeys = if builtins.pathExists ./gone.nix then import ./gone.nix else [ ];
        }
        """,
        "secrets/keys.json": '{ "keys": ["age1json"] }',
        "secrets/keys.toml": 'keys = ["age1toml"]',
        "people/default.nix": 'rec { me = "age1me"; you = import ./you.nix { inherit me; }; }',
        "people/you.nix": '{ me, other ? "age1other" }: other',
        "hosts/b.pub": f"{_KEY} b\n",
        "hosts/a.pub": f"{_KEY} a\n",
        "hosts/README": "",
        "unread.nix": "throw 1",
    }
    tree = make_tree(contents)
    found = understand(tree, "secrets/secrets.nix", Budget(STEPS))
    assert found is not None
    assert {rule.name: texts(rule) for rule in found.rules} == {
        "a.age": ("age1me", "age1other", f"{_KEY} a\n", f"{_KEY} b\n"),
        "b.age": ("age1json", "age1toml", f"{_KEY} b\n"),
        "c.age": (),
    }
    assert tree.read_paths == {
        **{
            path: f"id of {path}" for path in contents if path not in ("unread.nix", "hosts/README")
        },
        "hosts": "a tree",
        "secrets/gone.nix": None,
    }


def test_links_inside_the_tree_are_followed() -> None:
    contents = {
        "secrets.nix": '{ "a".publicKeys = [ (builtins.readFile ./k) (import ./s/x.nix) ]; }',
        "keys/k": "age1k",
        "lib/x.nix": "import ./y.nix",
        "lib/y.nix": '"age1y"',
    }
    links = {"k": "keys/k", "s": "lib"}
    reason = misunderstood(contents, links=links).reason
    assert reason == "an `import` through the link of a directory, s/x.nix"
    del links["s"]
    links["s/x.nix"] = "../lib/x.nix"
    (rule,) = evaluated(contents, links=links).rules
    assert texts(rule) == ("age1k", "age1y")


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ('builtins.getEnv "KEY"', "builtins.getEnv"),
        ("builtins.currentSystem", "builtins.currentSystem"),
        ("(import <nixpkgs> { }).lib.x", "<nixpkgs>"),
        ("builtins.readFile /etc/ssh/k.pub", "the path /etc/ssh/k.pub outside of the repository"),
        ("builtins.readFile ~/.ssh/k.pub", "the path ~/.ssh/k.pub outside of the repository"),
        ('builtins.readFile "/etc/k"', "the path /etc/k outside of the repository"),
        ('if builtins.pathExists "/etc/k" then "a" else "b"',
         "the path /etc/k outside of the repository"),
        ('(builtins.tryEval (builtins.getEnv "A")).value', "builtins.getEnv"),
        ('builtins.getEnv or (x: "age1me") "A"', "builtins.getEnv"),
        ("builtins.readFile ../k", "a path that leaves the repository"),
        ("builtins.readFile (./. + \"k\")", "a path that leaves the repository"),
        ("toString ./k", "a string that depends on where the repository lies"),
        ('"${./k}"', "a string that depends on where the repository lies"),
        ('builtins.hashString "md5" "${toString ./k}"',
         "a string that depends on where the repository lies"),
        ("builtins.readFile ./out", "out leads out of the repository"),
    ],
)  # fmt: skip
def test_what_depends_on_the_machine_is_refused(key: str, reason: str) -> None:
    text = f"{{\n  a = 1;\n  b.publicKeys = [\n    ({key})\n  ];\n}}\n"
    failure = misunderstood({"secrets.nix": text, "k": ""}, links={"out": "/etc/k"})
    assert (failure.reason, failure.place, failure.impure) == (reason, ("secrets.nix", 4), True)


@pytest.mark.parametrize(
    ("key", "reason", "refused"),
    [
        ("builtins.fetchTarball \"x\"", "builtins.fetchTarball", True),
        ("builtins.readFile ./module/k", "module/k is in a submodule", True),
        ("builtins.readFile ./dangling", "dangling is not in this tree", False),
        ("builtins.readFile ./gone", "gone is not in this tree", False),
        ("import ./broken.nix", "this syntax", True),
        ('throw "no keys"', "no keys", False),
        ("{ }", "a set where a text belongs", False),
        ("me", "undefined variable 'me'", False),
        ("let x = x; in x", "infinite recursion", False),
    ],
)  # fmt: skip
def test_what_has_no_value_is_said_with_its_line(key: str, reason: str, refused: bool) -> None:
    text = f"{{\n  b.publicKeys = [\n    ({key})\n  ];\n}}\n"
    contents = {"secrets.nix": text, "broken.nix": "\n\n{ a = ; }"}
    failure = misunderstood(contents, links={"dangling": "nowhere"}, submodule="module")
    line = ("broken.nix", 3) if "broken" in key else ("secrets.nix", 3)
    assert (failure.reason, failure.place, failure.refused) == (reason, line, refused)
    assert not failure.impure


@pytest.mark.parametrize("head", ["{ lib, ... }:", "# A module.\n{ a ? 1 }@all:", "lib:"])
def test_a_function_is_no_rules_file_whatever_its_body(head: str) -> None:
    body = "\n{\n  a = x |> f;\n}\n"  # syntax that the grammar does not know
    assert understand(make_tree({"secrets.nix": head + body}), "secrets.nix", Budget(STEPS)) is None

    text = "{\n  b.publicKeys = import ./lib.nix { };\n}\n"
    failure = misunderstood({"secrets.nix": text, "lib.nix": head + body})
    line = head.count("\n") + 3
    assert (failure.reason, failure.place) == ("this syntax", ("lib.nix", line))
    assert failure.refused


@pytest.mark.parametrize(
    "text",
    [
        "{ b.publicKeys = [ 1 ] |> f; }",
        "let f = x: x; in { b.publicKeys = [ 1 ] |> f; }",
        "{ lib, ... ]: { b = 1; }",
        "{ lib, ... }: { b = 1; } }",
        "{ lib ? (1 |> f) }: { b = 1; }",
    ],
)
def test_what_else_the_grammar_does_not_know_is_refused(text: str) -> None:
    failure = misunderstood({"secrets.nix": text})
    assert (failure.reason, failure.place.line, failure.refused) == ("this syntax", 1, True)


@pytest.mark.parametrize(
    "text",
    [
        "let f = x: f (x + 1); in f 0",
        "let f = x: [ (f x) ] ++ f x; in f 0",
        "let x = [ x x ]; f = l: builtins.concatLists (map f l); in f x",
        "builtins.genList (x: x) 1000000000",
        'let d = s: s + s; f = n: s: if n == 0 then s else f (n - 1) (d s); in f 60 "aaaa"',
        f'builtins.match "(a|aa)+b" ({_LONG})',
        f'builtins.split "(a|b)*c" ({_LONG})',
        f'builtins.replaceStrings [ "a" ] [ ({_LONG}) ] ({_LONG})',
        "let f = n: s: if n == 0 then s else f (n - 1) (s // s); in f 10000000 { x = 1; }",
        "(" * 5000 + "1" + ")" * 5000,
        "[" * 5000 + "]" * 5000,
        "-" * 5000 + "1",
        "x: " * 5000 + "1",
        "{ a = " * 3000 + "1" + "; }" * 3000,
        "let x = 1; in " * 3000 + "x",
        'builtins.fromJSON "' + "[" * 20000 + "]" * 20000 + '"',
        "let x = { a = x; }; f = v: v == v; in f x",
        "builtins.elem (let x = [ x ]; in x) [ (let x = [ x ]; in x) ]",
        "builtins.toJSON (let x = [ x ]; in x)",
        "toString (let x = [ x ]; in x)",
        "import ./secrets.nix",
        "let f = a: b: f b a; in builtins.foldl' f 0 [ 1 2 ]",
    ],
)  # fmt: skip
def test_what_never_ends_is_bounded(text: str) -> None:
    started = time.process_time()
    contents = {"secrets.nix": f'{{ "a.age".publicKeys = builtins.deepSeq ({text}) [ ]; }}'}
    understand(make_tree(contents), "secrets.nix", Budget(STEPS))
    assert time.process_time() - started < 20


def test_a_budget_is_shared_by_files() -> None:
    budget = Budget(4000)
    text = "{ a.publicKeys = map toString (builtins.genList (x: x) 300); }"
    tree = make_tree({"one.nix": text, "two.nix": text})
    first, second = (understand(tree, path, budget) for path in ("one.nix", "two.nix"))
    assert first is not None
    assert second is not None
    assert (len(first.rules), first.failures) == (1, ())
    assert [one.reason for one in second.failures] == ["more steps than a rules file may take"]


def test_a_rule_that_fails_hides_no_other() -> None:
    text = """
    let key = builtins.readFile "/etc/ssh/k.pub"; in {
      "a.age".publicKeys = [ key ];
      "b.age".publicKeys = [ "age1b" ];
      "c.age".publicKeys = [
        (throw "no keys") ];
      other = throw "other";
    }
    """
    found = evaluated({"secrets.nix": text})
    assert [(rule.name, texts(rule)) for rule in found.rules] == [("b.age", ("age1b",))]
    assert [(one.rule, one.place.line, one.impure) for one in found.failures] == [
        ("a.age", 2, True), ("c.age", 6, False), ("other", 7, False),
    ]  # fmt: skip
