"""What fixes a finding, as text: commands of the shell and of Git, with file names quoted.

It can be pasted into a shell as it is; what no command can do stands behind a `#`.
"""

import shlex
from collections.abc import Iterable

from agenix_check.age import Recipient, mixes_post_quantum
from agenix_check.git.paths import to_bytes

REKEY = "agenix-check --fix"
# Where an output is to be made that is not there: the script of agenix-rekey does that too.
OR_AGENIX_REKEY = "or agenix rekey -a"
REKEY_EITHER_WAY = f"{REKEY}  # {OR_AGENIX_REKEY}"
UPDATE_MASTERS = f"{REKEY} --update-masters"
# For findings by names, which cannot know what is declared.
REKEY_BY_NIX = f"{REKEY} --inventory nix"
# `git commit PATH` makes an index of its own, and drops it afterwards.
NOT_IN_PARTIAL_COMMIT = (
    "--fix cannot fix a commit of named paths: Git would drop what is staged in it; type `git add` "
    "for these paths, then `git commit` without naming paths, or `git commit -a`"
)
NOT_STAGED = "rekeyed, but not staged: it is in the work tree only"
LEFT_OUT_OF_COMMIT = "left out: git commit PATH records only what it names"
LEFT_OUT = f"rekeyed, but {LEFT_OUT_OF_COMMIT}"
# Where history that decides is not in this clone.
DEEPEN = "git fetch --unshallow"
CLONE_WHOLE = "# clone the repository again, without --filter"
REPLACE_KEY = f"# make a new key pair, use its public key, then: {REKEY}"


def repeat(fix: str, options: Iterable[str]) -> str:
    """Return a fix with the options of the run that prints it, where it runs this program too."""
    if REKEY_BY_NIX in fix:
        options = (one for one in options if not one.startswith("--inventory "))
    return fix.replace(REKEY, " ".join([REKEY, *options]))


def is_fix(fix: str) -> bool:
    """Return whether a fix runs this program, or the hook that does."""
    return REKEY in fix or "agenix-check-fix" in fix


def remove(*paths: str, staged: bool = False) -> str:
    """Return the command that removes files from the tree; Git needs `-f` for `staged` ones.

    They are outputs or leftovers of a rekey: their sources have the same content.
    """
    command = "git rm -f" if staged else "git rm"
    return f"{command} -- {' '.join(map(pathspec, paths))}"


def or_remove(keep: str, removal: str) -> str:
    """Return how to keep a secret, and behind a `#` what removes outputs that no host needs."""
    return f"{keep}  # or, if no host needs it: {removal}"


def may_remove(path: str, *, staged: bool) -> str:
    """Return, behind a `#`, how to remove an output that perhaps no host needs."""
    return f"# if no host needs it: {remove(path, staged=staged)}"


def or_untrack(path: str, *, staged: bool) -> str:
    """Return how to take a file of plain agenix out of the tree, after prose behind a `#`.

    A file that is new and `staged` is in no commit yet, so it stays in the work tree.
    """
    command = f"git rm --cached -- {pathspec(path)}" if staged else remove(path)
    return f"or, if nobody needs it: {command}"


def stage(path: str) -> str:
    """Return the command that stages a file, even an ignored one."""
    return f"git add -f -- {pathspec(path)}"


def record(commands: str, *, partial: bool) -> str:
    """Return commands that stage; `partial` says that `git commit PATH` left the files out."""
    return f"{commands}  # then git commit, without naming paths" if partial else commands


def replace_staged(path: str, old: str | None, *, partial: bool) -> str:
    """Return commands that stage an output in place of an `old` one, which is removed."""
    then = "" if old is None else f" && {remove(old)}"
    if partial:
        then = then.replace(" git rm ", " git rm --ignore-unmatch ")
    return record(stage(path) + then, partial=partial)


def put_key_right(what: str, then: str = REKEY) -> str:
    """Return how to fix what follows from a key that age cannot use; `what` is quoted."""
    return f"# put {what} right (it must be one age or SSH public key) and git add it, then: {then}"


def choose_key(replaced: str, holders: Iterable[str]) -> str:
    """Return how to say which of two keys a host has.

    `replaced` is the file that holds the new one, `holders` those that still hold the old one.
    """
    new, old = shell(replaced), " and ".join(map(shell, holders))
    return (
        f"# if the host has the new key: write it in {old} too, in place of the old one, and git "
        f"add it, then: {REKEY}; if it has the old key: put that back in {new} and git add it, "
        f"then: {REKEY}; where Nix is installed, --inventory nix finds out which"
    )


def encrypt_to_all(command: str, recipients: Iterable[Recipient]) -> str:
    """Return a command that encrypts a file to recipients, and what must be done before it."""
    if not mixes_post_quantum(recipients):
        return command
    return (
        "# age and rage encrypt no file to post-quantum keys and others together: declare keys of "
        f"one of the two kinds only, then: {command}"
    )


def restore(path: str) -> str:
    """Return the command that finds the last good version of a file."""
    return f"git log --oneline -- {pathspec(path)}  # then git checkout the last good one"


def bring_back(
    path: str, commit: str | None, *, at_base: bool, otherwise: str | None = None
) -> str:
    """Return the command that takes a file from before the commit that spoiled or deleted it.

    That is the commit that is judged, or with None the change that is being made; unless the file
    was good `at_base`, it is the last commit that touched it. `otherwise` makes a new secret: that
    stands behind a `#`.
    """
    name = pathspec(path)
    source = f"{commit:.10}~" if commit is not None else "HEAD"
    if not at_base:
        source = f'"$(git rev-list -n 1 HEAD -- {name})"~'
    back = f"git restore --source={source} --staged --worktree -- {name}"
    if otherwise is None:
        return back
    return f"{back}  # or, if it is to be a new secret: {otherwise.removeprefix('# ')}"


def choose_side(path: str) -> str:
    """Return how to go on with a secret that has two versions between conflict markers."""
    return (
        "# both versions stand in it, and neither may be left out unread: git log --oneline --all "
        f"-- {pathspec(path)} names their commits, git show COMMIT:{shell(path)} | age -d -i "
        f"IDENTITY reads each; write the right one, git add it, then: {REKEY}"
    )


def restore_from(commit: str, path: str) -> str:
    """Return the command that takes a file from a commit."""
    return f"git restore --source={commit:.10} --staged --worktree -- {pathspec(path)}"


def move_back(path: str, to: str) -> str:
    """Return the command that renames a file; `git mv` knows no names from the top."""
    names = (shell(one).removeprefix("-- ") for one in (path, to))
    return from_top(f"git mv -- {' '.join(names)}")


def from_top(command: str, directory: str = "") -> str:
    """Return a command that names files from a directory of the repository, to type anywhere."""
    below = shell(f"/{directory}") if directory else ""
    return f'cd "$(git rev-parse --show-toplevel)"{below} && {command}'


def edit(path: str) -> str:
    """Return the commands that write a source and stage it, to type after `from_top`."""
    return f"agenix edit {shell(path)} && {stage(path)}"


def take_out_blanks(path: str) -> str:
    """Return how to fix a file that has white space before its armor."""
    return f"# delete what stands before the armor in {shell(path)}, then: git add, and {REKEY}"


def write_anew(
    path: str, *, empty: bool, masters: Iterable[Recipient] = (), command: str | None = None
) -> str:
    """Return how to replace what is not an age file: `agenix edit` cannot decrypt it.

    `command` writes it in place of `agenix edit`.
    """
    write = command or from_top(edit(path))
    if empty:
        if command is None:
            write = from_top(f"rm {shell(path)} && {edit(path)}")
        else:
            write = f"{from_top(f'rm {shell(path)}')} && {command}"
        return encrypt_to_all(write, masters)
    then = encrypt_to_all(write, masters).removeprefix("# ")
    return f"# move it out of the repository (others may know its content), then: {then}"


def pathspec(path: str) -> str:
    """Quote a path for a shell and for Git, so that it names one file from any directory.

    Git would read a file named `*` as all files, and the first sign after `:/` as more magic.
    """
    special = any(char in path for char in "*?[\\") or (not path[:1].isalnum() and path[0] != ".")
    return shell(f":(top,literal){path}" if special else f":/{path}")


def shell(path: str) -> str:
    r"""Quote a path for a shell; `--` guards one that looks like an option.

    Unprintable characters are written as Bash and Zsh read them, `$'caf\351'`, so that the text
    still names the file when it is typed or pasted.
    """
    quoted = shlex.quote(path) if path.isprintable() else f"$'{_in_octal(path)}'"
    return f"-- {quoted}" if path.startswith("-") else quoted


def _in_octal(path: str) -> str:
    data = to_bytes(path)
    return "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"'\\" else f"\\{byte:03o}"
        for byte in data
    )
