"""`agenix-check hook pre-push`, called by Git itself: every ref of a push is judged."""

import subprocess
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from tests.checkout import Done
from tests.checkout import run as run_program
from tests.conftest import Run
from tests.examples import EXAMPLES, with_programs

NOTHING = "0" * 40


class Pusher:
    """A fleet whose remote `origin` is a bare repository, and pushes that run its hook."""

    def __init__(self, fleet: Workshop, remote: Path) -> None:
        self.fleet = fleet
        self.git("init", "--quiet", "--bare", str(remote))
        self.git("remote", "add", "origin", str(remote))
        self.main = self.git("branch", "--show-current").output.strip()
        hook = fleet.top / ".git/hooks/pre-push"
        hook.parent.mkdir(exist_ok=True)
        hook.write_bytes((EXAMPLES / "pre-push").read_bytes())
        hook.chmod(0o755)

    def git(self, *arguments: str) -> Done:
        return run_program(self.fleet.top, with_programs(), "git", *arguments)

    def branch(self, name: str, *, broken: bool) -> None:
        """Commit to a new branch: an edited source, or an edited README."""
        self.git("checkout", "--quiet", "-b", name, self.main)
        if broken:
            self.fleet.source("secrets/db.age", f"postgres://{name}\n")
        else:
            self.fleet.write("README.md", name)
        self.fleet.commit(f"Edit on {name}")
        self.git("checkout", "--quiet", self.main)

    def remote_refs(self) -> set[str]:
        lines = self.git("ls-remote", "origin").output.splitlines()
        return {line.partition("\t")[2].rpartition("/")[2] for line in lines}


@pytest.fixture
def pusher(fleet: Workshop, tmp_path: Path) -> Pusher:
    made = Pusher(fleet, tmp_path / "remote.git")
    done = made.git("push", "--quiet", "origin", made.main)
    assert done.code == 0, done.output
    return made


@pytest.mark.parametrize("order", [("sound", "broken"), ("broken", "sound")])
def test_one_broken_branch_stops_the_whole_push(pusher: Pusher, order: tuple[str, str]) -> None:
    pusher.branch("sound", broken=False)
    pusher.branch("broken", broken=True)
    done = pusher.git("push", "origin", *order)
    assert done.code == 1, done.output
    assert "pushed to refs/heads/broken:" in done.output
    assert "pushed to refs/heads/sound:" in done.output
    assert "output-stale" in done.output
    assert pusher.remote_refs() & {"sound", "broken"} == set()
    assert pusher.git("push", "origin", "sound").code == 0


def test_several_sound_branches_and_a_deleted_one_are_pushed(pusher: Pusher) -> None:
    for name in ("one", "two", "three"):
        pusher.branch(name, broken=False)
    assert pusher.git("push", "origin", "one", "two").code == 0
    done = pusher.git("push", "origin", "three", ":one", "two:refs/heads/four")
    assert done.code == 0, done.output
    assert pusher.remote_refs() >= {"two", "three", "four"}
    assert "one" not in pusher.remote_refs()


def test_what_the_remote_has_already_is_shown_and_stops_nothing(pusher: Pusher) -> None:
    pusher.branch("broken", broken=True)
    assert pusher.git("push", "--no-verify", "origin", "broken").code == 0
    pusher.git("checkout", "--quiet", "broken")
    pusher.fleet.write("README.md", "Another text.\n")
    pusher.fleet.commit("Write")
    done = pusher.git("push", "origin", "broken")
    assert done.code == 0, done.output
    assert "output-stale" in done.output
    pusher.git("branch", "later")
    done = pusher.git("push", "origin", "later")  # new there, its commits are not
    assert done.code == 0, done.output


def test_a_new_branch_is_compared_with_where_it_leaves_the_remote(pusher: Pusher) -> None:
    pusher.branch("broken", broken=True)
    pusher.git("checkout", "--quiet", "broken")
    pusher.fleet.write("README.md", "Another text.\n")
    pusher.fleet.commit("Write")  # the break is not in the last commit
    done = pusher.git("push", "origin", "broken")
    assert done.code == 1, done.output
    assert pusher.git("push", "origin", "broken^^:refs/heads/before").code == 0


def test_a_forced_push_over_what_was_never_fetched(pusher: Pusher, tmp_path: Path) -> None:
    other = tmp_path / "other"
    pusher.git("clone", "--quiet", "-b", pusher.main, str(tmp_path / "remote.git"), str(other))
    theirs = Workshop(other)
    theirs.write("README.md", "Theirs.\n")
    theirs.commit("Theirs")
    assert run_program(other, {}, "git", "push", "--quiet", "origin", pusher.main).code == 0
    pusher.fleet.source("secrets/db.age", "postgres://ours\n")
    pusher.fleet.commit("Ours")
    done = pusher.git("push", "--force", "origin", pusher.main)
    assert done.code == 1, done.output
    assert "output-stale" in done.output


def test_tags_are_judged_by_the_commit_that_they_lead_to(pusher: Pusher) -> None:
    pusher.branch("broken", broken=True)
    pusher.git("tag", "-a", "-m", "Release", "v1", "broken")
    pusher.git("tag", "-a", "-m", "Release of a release", "v2", "v1")
    for tag in ("v1", "v2"):
        done = pusher.git("push", "origin", tag)
        assert done.code == 1, done.output
    pusher.git("tag", "a-file", f"{pusher.main}:README.md")
    done = pusher.git("push", "origin", "a-file", pusher.main)
    assert done.code == 0, done.output
    assert "refs/tags/a-file gets no commit: nothing to check" in done.output


def test_the_first_push_of_all_fails_for_every_error(fleet: Workshop, tmp_path: Path) -> None:
    fleet.source("secrets/db.age", "postgres://new\n")
    fleet.commit("Edit")
    fleet.write("README.md", "Another text.\n")
    fleet.commit("Write")
    pusher = Pusher(fleet, tmp_path / "remote.git")
    done = pusher.git("push", "origin", pusher.main)
    assert done.code == 1, done.output
    assert "output-stale" in done.output


def test_a_remote_with_an_odd_name(pusher: Pusher) -> None:
    """`--remotes` takes a glob; what a remote is called must not match another's refs."""
    pusher.branch("broken", broken=True)
    assert pusher.git("push", "--no-verify", "origin", "broken").code == 0
    path = pusher.git("remote", "get-url", "origin").output.strip()
    pusher.git("init", "--quiet", "--bare", f"{path}-2")
    for name in ("o", "origin/x", "o+in"):
        # Newer Git adds no remote inside another's name, and uses one that is there.
        pusher.git("config", f"remote.{name}.url", f"{path}-2")
        pusher.git("config", f"remote.{name}.fetch", f"+refs/heads/*:refs/remotes/{name}/*")
        done = pusher.git("push", name, "broken")
        assert done.code == 1, (name, done.output)
    done = pusher.git("push", f"{path}-2", "broken")  # no name at all
    assert done.code == 1, done.output


def test_one_that_cannot_be_read_does_not_hide_the_others(pusher: Pusher, run: Run) -> None:
    pusher.branch("broken", broken=True)
    commit = pusher.git("rev-parse", "broken").output.strip()
    lines = [
        f"refs/heads/broken {commit} refs/heads/broken {NOTHING}",
        f"(delete) {NOTHING} refs/heads/old {commit}",
    ]
    done = run(pusher.fleet.top, "hook", "pre-push", "origin", stdin="\n".join(lines).encode())
    assert done.code == 1
    assert "output-stale" in done.stdout
    missing = f"refs/heads/lost {'1' * 40} refs/heads/lost {NOTHING}"
    done = run(pusher.fleet.top, "hook", "pre-push", "origin", stdin=missing.encode())
    assert (done.code, done.stdout) == (3, "")
    assert done.stderr == (f"agenix-check: {'1' * 40}, pushed to refs/heads/lost, cannot be read\n")


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (["hook"], b"", "pre-push, REMOTE"),
        (["hook", "pre-push"], b"", "REMOTE"),
        (["hook", "commit-msg", "origin"], b"", "commit-msg"),
        (["hook", "pre-push", "origin"], b"nonsense\n", "'nonsense'"),
        (["hook", "pre-push", "origin"], b"a b c d\n", "LOCAL-REF COMMIT REMOTE-REF COMMIT"),
        (["hook", "pre-push", "origin", "--fix"], b"", "there is no option --fix"),
    ],
)
def test_wrong_usage(
    fleet: Workshop, run: Run, arguments: list[str], stdin: bytes, said: str
) -> None:
    done = run(fleet.top, *arguments, stdin=stdin)
    assert (done.code, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_nothing_is_pushed(fleet: Workshop, run: Run) -> None:
    assert run(fleet.top, "hook", "pre-push", "origin") == (0, "", "")


def test_git_calls_it_from_its_configuration(pusher: Pusher) -> None:
    """Git 2.54 and newer run hooks from the configuration; older ones ignore these keys."""
    (pusher.fleet.top / ".git/hooks/pre-push").unlink()
    pusher.git("config", "hook.agenix-check.event", "pre-push")
    pusher.git("config", "hook.agenix-check.command", "agenix-check hook pre-push")
    version = subprocess.run(["git", "version"], capture_output=True, text=True, check=True)
    major, minor = map(int, version.stdout.split()[2].split(".")[:2])
    pusher.branch("sound", broken=False)
    pusher.branch("broken", broken=True)
    assert pusher.git("push", "origin", "sound").code == 0
    done = pusher.git("push", "origin", "broken")
    assert done.code == int((major, minor) >= (2, 54)), done.output
