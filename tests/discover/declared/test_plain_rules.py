"""Rules files of plain agenix: judged without Nix, left out with a reason, or said."""

import json
import shutil
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from tests.audit.by_declaration.test_plain import write_rules
from tests.conftest import Result, Run
from tests.discover.declared.estate import Estate
from tests.discover.declared.test_evaluation_cache import Counter
from tests.host_keys import ALPHA, BETA, DELTA

# What only Nix understands: `|>` is an operator of newer versions, `genericClosure` is of all.
_ONLY_NIX = """
let closure = builtins.genericClosure { startSet = [ { key = KEY; } ]; operator = x: [ ]; }; in {
  "db.age".publicKeys = map (one: one.key) closure;
}
"""


@pytest.fixture
def with_spy(without_nix: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return variables with which Nix leaves a trace and fails."""
    nix = tmp_path / "programs" / "nix"
    nix.write_text(f"#!/bin/sh\n: > {tmp_path}/nix-was-started\nexit 1\n")
    nix.chmod(0o755)
    return without_nix | {"PATH": f"{without_nix['PATH']}:/bin:/usr/bin"}


def of(result: Result) -> tuple[int, dict[str, str]]:
    """Return the exit code, and the verdict of each plain file."""
    report = json.loads(result.stdout)
    return result.code, {one["path"]: one["verdict"] for one in report["plain"]}


def only_nix(key: str) -> str:
    return _ONLY_NIX.replace("KEY", json.dumps(key))


def test_rules_are_judged_without_nix(
    workshop: Workshop, run: Run, without_nix: dict[str, str]
) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    workshop.write("wifi.age", encrypt(b"x", [ALPHA]))
    workshop.write("keys.nix", json.dumps({"a": ALPHA}).replace(":", "=").replace("}", ";}"))
    workshop.write("more.pub", BETA)
    workshop.write(
        "secrets.nix",
        """
        let inherit (import ./keys.nix) a; in {
          "db.age".publicKeys = [ a ];
          "wifi.age".publicKeys = [ a (builtins.readFile ./more.pub) ];
        }
        """,
    )
    workshop.stage()

    done = run(workshop.top, "--format", "json", env=without_nix)

    assert of(done) == (1, {"db.age": "ok", "wifi.age": "wrong"})
    assert json.loads(done.stdout)["incomplete"] == []


def test_publickeys_in_another_file(
    workshop: Workshop, run: Run, without_nix: dict[str, str]
) -> None:
    workshop.write("db.age", encrypt(b"x", [BETA]))
    workshop.write("secrets.nix", f'(import ./lib.nix).make "db.age" "{ALPHA}"')
    workshop.write("lib.nix", "{ make = name: key: { ${name}.publicKeys = [ key ]; }; }")
    workshop.stage()

    assert of(run(workshop.top, "--format", "json", env=without_nix)) == (1, {"db.age": "wrong"})


def test_nix_is_not_started_for_a_repository_of_plain_agenix(
    workshop: Workshop, run: Run, with_spy: dict[str, str], tmp_path: Path
) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    write_rules(workshop, db=[ALPHA])
    workshop.write("flake.nix", '{ outputs = { self }: throw "not needed"; }')
    workshop.stage()

    assert of(run(workshop.top, "--format", "json", env=with_spy)) == (0, {"db.age": "ok"})
    assert not (tmp_path / "nix-was-started").exists()

    # A word about agenix-rekey, and the flake matters.
    workshop.write("flake.lock", '{ "nodes": { "agenix-rekey": { } } }')
    workshop.stage()
    assert run(workshop.top, env=with_spy).code == 3
    assert (tmp_path / "nix-was-started").exists()


def test_nix_is_asked_where_it_is_needed(workshop: Workshop, run: Run) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    workshop.write("secrets.nix", only_nix(ALPHA))
    workshop.stage()

    assert of(run(workshop.top, "--format", "json")) == (0, {"db.age": "ok"})


def test_nix_is_asked_once(
    workshop: Workshop, run: Run, without_nix: dict[str, str], tmp_path: Path
) -> None:
    nix = tmp_path / "programs" / "nix"
    nix.write_text(f'#!/bin/sh\n: > {tmp_path}/nix-was-started\nexec {shutil.which("nix")} "$@"\n')
    nix.chmod(0o755)
    env = without_nix | {"PATH": f"{without_nix['PATH']}:/bin:/usr/bin"}
    started = tmp_path / "nix-was-started"

    def asks() -> bool:
        started.unlink(missing_ok=True)
        assert of(run(workshop.top, "--format", "json", env=env))[1] == {"db.age": "ok"}
        return started.exists()

    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    workshop.write("secrets.nix", only_nix(ALPHA))
    workshop.stage()
    assert asks()
    # What an age file holds makes no difference; every other file may.
    workshop.write("db.age", encrypt(b"y", [ALPHA]))
    workshop.stage()
    assert not asks()
    workshop.write("keys.nix", "{ }")
    workshop.stage()
    assert asks()


def test_nix_is_not_asked_about_what_is_wrong(
    workshop: Workshop, run: Run, with_spy: dict[str, str], tmp_path: Path
) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    workshop.write("secrets.nix", '{ "db.age".publicKeys = [ { }.missing ]; }')
    workshop.stage()

    done = run(workshop.top, env=with_spy)

    assert (done.code, done.stderr) == (3, (
        "agenix-check: could not check: secrets.nix: db.age: attribute 'missing' missing "
        "(secrets.nix:1); correct it, then: git add secrets.nix\n"
    ))  # fmt: skip
    assert not (tmp_path / "nix-was-started").exists()


@pytest.mark.parametrize("options", [(), ("--evaluate", "never"), ("--inventory", "names")])
def test_what_is_not_understood_is_said_with_its_line(
    workshop: Workshop, run: Run, without_nix: dict[str, str], options: tuple[str, ...]
) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    workshop.write("secrets.nix", only_nix(ALPHA))
    workshop.stage()

    done = run(workshop.top, *options, env=None if options else without_nix)

    assert done.code == 3
    assert done.stderr == (
        "agenix-check: could not check: secrets.nix: db.age: builtins.genericClosure "
        "(secrets.nix:2) is not understood: a mistake (correct it, then: git add secrets.nix), or "
        "something that only Nix understands, which is not here or not to be asked\n"
    )


@pytest.mark.parametrize(
    ("key", "construct"),
    [
        ('builtins.getEnv "KEY"', "builtins.getEnv"),
        ('(if builtins.pathExists "/etc/k" then builtins.readFile "/etc/k" else "")',
         "the path /etc/k outside of the repository"),
        ("builtins.currentSystem", "builtins.currentSystem"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("nix", [False, True])
def test_what_depends_on_the_machine_makes_nobody_a_stranger(
    workshop: Workshop, run: Run, without_nix: dict[str, str], key: str, construct: str, nix: bool
) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA, BETA]))
    workshop.write("ok.age", encrypt(b"x", [ALPHA]))
    workshop.write(
        "secrets.nix",
        f'{{\n  "db.age".publicKeys = [ "{ALPHA.strip()}"\n    ({key}) ];\n'
        f'  "ok.age".publicKeys = [ "{ALPHA}" ];\n}}',
    )
    workshop.stage()

    done = run(workshop.top, "--format", "json", env=None if nix else without_nix)

    assert of(done) == (3, {"ok.age": "ok"})
    assert done.stderr == (
        f"agenix-check: could not check: secrets.nix: db.age: {construct} (secrets.nix:3) depends "
        "on the machine, not on this tree; take what it needs from files of this tree; or an "
        '[[ignore]] with this path, rule = "*" and a reason leaves the file out\n'
    )


@pytest.mark.parametrize(
    "key",
    [
        'builtins.getEnv "KEY"', '__getEnv "KEY"', "builtins.currentSystem or \"x\"",
        '(if builtins.pathExists "/etc/k" then "x" else "y")', "import ./impure.nix",
    ],
)  # fmt: skip
def test_nix_does_not_answer_it_either(workshop: Workshop, run: Run, key: str) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA, BETA]))
    workshop.write("impure.nix", 'if __pathExists /etc/k then "x" else builtins.getEnv "KEY"')
    # What stands first is not understood, so that Nix is asked.
    closure = "builtins.genericClosure { startSet = [ ]; operator = x: [ ]; }"
    rule = f'[ "{ALPHA}" ] ++ {closure} ++ [ ({key}) ]'
    workshop.write("secrets.nix", f'{{ "db.age".publicKeys = {rule}; }}')
    workshop.stage()

    done = run(workshop.top, "--format", "json")

    assert of(done) == (3, {})
    assert "depends on the machine, not on this tree" in done.stderr


def test_a_rules_file_that_is_left_out(estate: Estate, run: Run) -> None:
    estate.shop.write("plain/wifi.age", encrypt(b"x", [ALPHA]))
    estate.shop.write(
        "plain/secrets.nix", '{ "wifi.age".publicKeys = [ (import <nixpkgs> { }).key ]; }'
    )
    estate.shop.stage()
    assert run(estate.shop.top).code == 3

    entry = '[[ignore]]\nrule = "*"\npath = "plain/secrets.nix"\nreason = "needs nixpkgs"\n'
    estate.shop.write("agenix-check.toml", entry)
    estate.shop.stage()
    done = run(estate.shop.top, "--format", "json")

    report = json.loads(done.stdout)
    assert (done.code, report["fleet"]["inventory"], report["plain"]) == (0, "nix", [])
    assert "plain/secrets.nix: left out: needs nixpkgs" in report["skipped"]


@pytest.mark.parametrize("more", ["", 'path = "x/*"\nnode = "alpha"\n'])
def test_everything_cannot_be_ignored(workshop: Workshop, run: Run, more: str) -> None:
    workshop.write("agenix-check.toml", f'[[ignore]]\nrule = "*"\nreason = "because"\n{more}')
    workshop.stage()

    done = run(workshop.top)

    assert done.code == 2
    (line,) = done.stderr.splitlines()
    assert 'rule = "*" leaves out the rules file of a path: give its path' in line


def test_a_second_run_remembers_rules_that_are_kept(
    workshop: Workshop, run: Run, tmp_path: Path
) -> None:
    git = Counter(tmp_path / "bin", "git")
    env = git.env
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    workshop.write("age.age", encrypt(b"x", [DELTA]))
    write_rules(workshop, db=[ALPHA], age=[DELTA])
    workshop.stage()

    first = run(workshop.top, env=env)
    cost = git.take()
    second = run(workshop.top, env=env)

    assert first == second
    assert first.stdout == "2 plain agenix files: 1 ok, 1 unverifiable\n"
    assert git.take() < cost
    assert run(workshop.top, "--format", "github", env=env).code == 0

    workshop.write("db.age", encrypt(b"x", [BETA]))
    workshop.stage()
    assert run(workshop.top, env=env).code == 1


def test_what_the_settings_leave_out_is_said_again(workshop: Workshop, run: Run) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    write_rules(workshop, db=[ALPHA])
    entry = '[[ignore]]\nrule = "*"\npath = "old/secrets.nix"\nreason = "of the old house"\n'
    write_rules(workshop, "old/secrets.nix", db=[ALPHA])
    workshop.write("agenix-check.toml", entry)
    workshop.stage()

    first, second = run(workshop.top), run(workshop.top)

    assert first == second
    assert "old/secrets.nix: left out: of the old house" in first.stdout


def test_conflict_markers_are_said_as_such(
    workshop: Workshop, run: Run, without_nix: dict[str, str]
) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    rule = f'  "db.age".publicKeys = [ "{ALPHA.strip()}" ];\n'
    torn = f"<<<<<<< HEAD\n{rule}=======\n{rule}>>>>>>> other\n"
    workshop.write("secrets.nix", f"{{\n{torn}}}\n")
    workshop.stage()

    done = run(workshop.top, env=without_nix)

    assert done.code == 3
    assert (
        "secrets.nix: unresolved Git conflict markers (secrets.nix:2); correct it, then: "
        "git add secrets.nix\n" in done.stderr
    )


def test_a_broken_rules_file_is_one_line_and_nothing_else(workshop: Workshop, run: Run) -> None:
    """What is wrong, where, and what to type; no note about files whose rules were not read."""
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    write_rules(workshop, db=[ALPHA])
    workshop.commit("Begin")
    broken = {
        '{\n  "db.age".publicKeys = [ "a" ]\n  "b.age".publicKeys = [ ];\n}':
            "syntax error, … (secrets.nix:3); correct it, then: "
            "git add secrets.nix",
        '{\n  "db.age".publicKeys = [ carol ];\n}':
            "undefined variable 'carol' (secrets.nix:2); correct it, then: git add secrets.nix",
        'let keys = import ./keys.nix; in\nkeys // {\n  "db.age".publicKeys = [ keys.a ];\n}':
            "undefined variable 'carol' (keys.nix:1); correct it, then: git add keys.nix",
        'let keys = import ./staff.nix; in keys // { "db.age".publicKeys = [ keys.a ]; }':
            "staff.nix is not in this tree (secrets.nix:1); it is in the work tree, and not "
            "staged: git add staff.nix",
    }  # fmt: skip
    for text, sentence in broken.items():
        workshop.write("secrets.nix", text)
        workshop.write("keys.nix", "{ a = carol; }")
        workshop.stage()
        workshop.write("staff.nix", "{ }")

        done = run(workshop.top, "-v")

        start, _, end = f"could not check: secrets.nix: {sentence}\n".rpartition("…")
        assert done.code == 3
        assert done.stdout == "nothing was checked · 0 errors, 0 warnings · incomplete\n"
        (line,) = done.stderr.splitlines(keepends=True)
        assert start in line  # after it Nix's own words, of one version or another
        assert line.endswith(end)
        (workshop.top / "staff.nix").unlink()
    seen = run(workshop.top, "inspect", "db.age")
    workshop.write("secrets.nix", '{ "db.age".publicKey = [ "a" ]; }')
    workshop.stage()
    done = run(workshop.top, "-v")
    assert done.stdout == "nothing was checked · 0 errors, 0 warnings · incomplete\n"
    assert done.stderr == (
        "agenix-check: could not check: secrets.nix said who may read db.age, and no attribute of "
        "secrets.nix has publicKeys now; correct it, then: git add secrets.nix\n"
    )
    assert "whose it is cannot be told: secrets.nix could not be read" in seen.stdout


def test_a_file_that_is_only_not_staged(workshop: Workshop, run: Run, tmp_path: Path) -> None:
    """It is not called missing, and a report that misses it holds until it is there."""
    git = Counter(tmp_path / "bin", "git")
    write_rules(workshop, db=[ALPHA], new=[ALPHA])
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    workshop.commit("Begin")
    first = run(workshop.top, env=git.env)
    cost = git.take()
    assert run(workshop.top, env=git.env) == first
    assert git.take() < cost
    assert "but it is not in the tree" in " ".join(first.stdout.split())

    workshop.write("new.age", encrypt(b"x", [ALPHA]))
    waiting = json.loads(run(workshop.top, "--format", "json").stdout)
    (finding,) = waiting["findings"]
    assert finding["message"] == (
        "secrets.nix has a rule for it, and it is in the work tree, but not staged"
    )
    assert finding["mend"] == "git add -f -- :/new.age"
    assert [one["reason"] for one in waiting["plain"] if one["path"] == "new.age"] == [
        "it is not staged"
    ]

    content = workshop.read("new.age")
    (workshop.top / "new.age").unlink()
    assert run(workshop.top) == first
    workshop.write("new.age", content)
    workshop.git.run("add", "new.age")
    assert run(workshop.top).code == 0
