"""Private keys in the tree: found, judged, and kept nowhere."""

import shlex
import subprocess
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.tree.facts import find_fact
from agenix_check.discover.tree.key_texts import KeyTexts
from agenix_check.keys.encrypt import encrypt, new_identity
from agenix_check.model.findings import Report, Severity
from agenix_check.report import RenderOptions, render
from agenix_check.report.registry import format_names
from tests.audit.scenes import DB, judge, judge_staged, storage, the_only
from tests.conftest import Run
from tests.host_keys import ALPHA


def ssh_key(directory: Path, *options: str, passphrase: str = "") -> str:
    """Make a key with the real program and return its private half."""
    file = directory / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-N", passphrase, "-C", "me@here", "-f", str(file), *options],
        check=True,
    )
    return file.read_text()


def secret_lines(text: str) -> list[str]:
    """Return what must be seen nowhere: the lines of the key itself."""
    return [line.strip() for line in text.splitlines() if len(line) > 20 and "KEY-----" not in line]


def assert_kept_nowhere(report: Report, *secrets: str) -> None:
    shown = [repr(report)]
    shown += [render(report, form, RenderOptions(verbose=True)) for form in format_names()]
    for text in shown:
        assert not [secret for secret in secrets if secret in text]


OPENSSH = pytest.mark.parametrize(
    "options",
    [
        ("-t", "ed25519"),
        ("-t", "rsa", "-b", "2048"),
        ("-t", "rsa", "-b", "2048", "-m", "PEM"),
    ],
    ids=["ed25519", "rsa", "rsa in PEM"],
)


@OPENSSH
def test_an_ssh_key_without_a_passphrase(
    fleet: Workshop, tmp_path: Path, options: tuple[str, ...]
) -> None:
    key = ssh_key(tmp_path, *options)
    fleet.write("keys/host", key)

    report = judge_staged(fleet)

    finding = the_only(report, "private-key")
    assert (finding.severity, finding.path, finding.new) == ("error", "keys/host", True)
    assert finding.message == "an unencrypted private key is added to the repository"
    assert_kept_nowhere(report, *secret_lines(key))


@OPENSSH
def test_an_ssh_key_under_a_passphrase_may_lie_in_the_open(
    fleet: Workshop, tmp_path: Path, options: tuple[str, ...]
) -> None:
    key = ssh_key(tmp_path, *options, passphrase="correct horse")
    fleet.write("keys/host", key)

    report = judge_staged(fleet)

    assert report.findings == ()
    fact = find_fact(key.encode(), len(key))
    assert not [line for line in secret_lines(key) if line in str(fact)]


@pytest.mark.parametrize(
    "text",
    [
        "{0}\n",
        "# created: 2026-01-01T00:00:00Z\n# public key: {1}\n{0}\n",
        "{1}\n{0}\n",
        'masterKey = "{0}";\n',
        "key = ''\n  {1}\n  {0}\n'';\n",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIByrddUt6pQ02kKWsrjq/TcXFFfJgJqdqm0xJ0Nr/3zg {0}\n",
        '"{1}\n{0}"\n',
        "{1}\r\n{0}\r\n",
    ],
    ids=["bare", "age-keygen", "pair", "nix", "nix lines", "comment", "string", "crlf"],
)
def test_an_age_key_is_found_wherever_it_stands(fleet: Workshop, text: str) -> None:
    secret, public = new_identity()
    content = text.format(secret, public)
    fleet.write("notes", content)

    report = judge_staged(fleet)

    assert the_only(report, "private-key").path == "notes"
    assert_kept_nowhere(report, secret)
    fact = find_fact(content.encode(), len(content))
    assert isinstance(fact, KeyTexts)
    assert "AGE-SECRET-KEY" not in str(fact)


def test_a_post_quantum_key(fleet: Workshop) -> None:
    fleet.write("key.txt", "AGE-SECRET-KEY-PQ-1" + "Q" * 58 + "\n")

    the_only(judge_staged(fleet), "private-key")


def test_a_key_that_was_there_before_is_a_note(fleet: Workshop) -> None:
    fleet.write("key.txt", fleet.identity)
    fleet.commit("Add a private key")
    assert the_only(judge(fleet, rev="HEAD"), "private-key").severity == "error"
    fleet.write("README.md", "Another.\n")
    fleet.commit("Something else")

    (finding,) = judge(fleet, rev="HEAD").findings

    assert (finding.rule, finding.severity, finding.new) == ("private-key", Severity.NOTE, False)


def test_a_key_that_was_moved_or_stands_in_an_edited_file_is_a_note(fleet: Workshop) -> None:
    fleet.write("key.txt", f"# mine\n{fleet.identity}\n")
    fleet.commit("Add a private key")
    fleet.remove("key.txt")
    fleet.write("keys/master.txt", f"# mine, and nobody else's\n{fleet.identity}\n")

    (finding,) = judge_staged(fleet).findings

    assert finding.severity is Severity.NOTE


def test_a_second_key_beside_an_old_one_is_added(fleet: Workshop) -> None:
    fleet.write("key.txt", f"{fleet.identity}\n")
    fleet.commit("Add a private key")
    fleet.write("key.txt", f"{fleet.identity}\n{new_identity()[0]}\n")

    assert the_only(judge_staged(fleet), "private-key").severity == "error"


@pytest.mark.parametrize("form", ["{0}", "{0}\n", "# public key: {1}\n{0}\n"])
def test_a_key_that_outputs_are_made_for(fleet: Workshop, form: str) -> None:
    secret, public = new_identity()
    text = form.format(secret, public)
    fleet.write("hosts/omega/host.pub", text)
    path = fleet.output_path("omega", "db", DB, text)
    fleet.write(path, encrypt(b"postgres://db\n", [ALPHA]))
    fleet.commit("Use a private key as a public one")
    fleet.write("README.md", "Another.\n")

    report = judge_staged(fleet)

    finding = the_only(report, "private-key")
    assert (finding.severity, finding.new) == ("error", False)
    assert finding.path == "hosts/omega/host.pub"
    assert "as if it were a public key" in finding.message
    output = next(one for one in report.outputs if one.node == storage("omega"))
    assert output.verdict == "unverifiable"
    assert_kept_nowhere(report, secret)


def test_a_key_in_a_binary_file_is_no_key(fleet: Workshop) -> None:
    fleet.write("firmware.bin", b"\0" + fleet.identity.encode())

    assert judge_staged(fleet).findings == ()


def test_the_fix_keeps_a_file_that_was_there_before(fleet: Workshop) -> None:
    fleet.write("host.nix", "{ }\n")
    fleet.commit("Add a file")
    fleet.write("host.nix", f'{{ key = "{fleet.identity}"; }}\n')

    mend = the_only(judge_staged(fleet), "private-key").mend

    assert mend is not None
    assert mend.startswith("git restore --staged :/host.nix  # ")


def test_the_fix_for_a_file_with_a_pattern_for_a_name_takes_that_file_alone(
    fleet: Workshop,
) -> None:
    fleet.write("*", fleet.identity)

    mend = the_only(judge_staged(fleet), "private-key").mend

    assert mend is not None
    subprocess.run(shlex.split(mend, comments=True), cwd=fleet.top, check=True)
    assert judge(fleet).findings == ()


@OPENSSH
@pytest.mark.parametrize("passphrase", ["", "correct horse"])
def test_of_a_private_key_that_a_rule_lists_by_lines_none_is_shown(
    workshop: Workshop, run: Run, tmp_path: Path, options: tuple[str, ...], passphrase: str
) -> None:
    private = ssh_key(tmp_path, *options, passphrase=passphrase)
    public = (tmp_path / "key.pub").read_text()
    workshop.write("secrets.nix", '{ "a.age".publicKeys = [ (builtins.readFile ./host.pub) ]; }')
    workshop.write("host.pub", public)
    workshop.write("a.age", encrypt(b"x", [public]))
    workshop.commit("Add a file")
    # As a whole, and without the lines that say what it is.
    lines = private.splitlines(keepends=True)
    for text in (private, "".join(lines[1:-1]), "".join(lines[2:-1])):
        workshop.write("host.pub", text)
        report = judge_staged(workshop)
        (finding,) = (one for one in report.findings if one.rule == "plain-invalid-key")
        assert "(host.pub" in finding.message
        shown = [str(report)]
        for form in ("text", "json", "junit", "html"):
            done = run(workshop.top, "--no-cache", "--format", form)
            shown += [done.stdout, done.stderr]
        shown.append(run(workshop.top, "fleet", "--format", "json").stdout)
        shown.append(run(workshop.top, "access", "--format", "json").stdout)
        # The file repeats the public key, which a report may name.
        secret = [line[:13] for line in lines[1:-1] if line[:13] not in public]
        assert not [part for part in secret for text in shown if part in text]
