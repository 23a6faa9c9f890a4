"""What Git calls: to show age files in a diff, and to merge them (gitattributes(5)).

The diff is of texts that say whom a file is for, what it was made from, and how long it is. Two
ciphertexts cannot be joined: a merge takes one of them where either is right, and else says so.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from agenix_check.age import AgeFile, AgeFormatError, Stanza, describe, looks_like_age, read_age
from agenix_check.audit.commands import REKEY, pathspec
from agenix_check.cli.files import read_input
from agenix_check.cli.terminal import print_out, say
from agenix_check.discover.tree.naming import output_file
from agenix_check.errors import AgenixCheckError
from agenix_check.git.paths import to_text
from agenix_check.git.process import Git
from agenix_check.git.unmerged import OURS, THEIRS, say_sides, show_stage
from agenix_check.report.inspection import AgeText, render_for_diff

CONFLICT = 1  # what a merge driver ends with where a conflict is left


def show_for_diff(file: str) -> int:
    """Print an age file as text; any other file as it is, for Git shows what is printed."""
    data = read_input(file)
    try:
        age = read_age(data) if looks_like_age(data) else None
    except AgeFormatError as error:
        print_out(f"damaged age file: {error}\n")
        return 0
    if age is None:
        print_out(data.decode("utf-8", "surrogateescape"))
        return 0
    recipients, source = _look_up(data, age)
    text = AgeText(
        armored=age.armored,
        recipients=recipients,
        plaintext_size=age.plaintext_size,
        source=source,
        digest=sha256(data).hexdigest(),
    )
    print_out(render_for_diff(text))
    return 0


def _look_up(data: bytes, age: AgeFile) -> tuple[tuple[str, ...], str | None]:
    """Return whom a file is for, and what the tree says that it was made from."""
    from agenix_check.audit.keyring import make_keyring
    from agenix_check.cli.opening import open_here
    from agenix_check.discover.tree.names import fleet_of
    from agenix_check.inquiries import see_names
    from agenix_check.model.node_names import shown_names
    from agenix_check.model.settings import Settings
    from agenix_check.view import open_view

    stanzas = age.real_stanzas
    try:
        repository = open_here()
        with open_view(repository, Settings()) as view:
            names, _ = see_names(view, Settings())
    except AgenixCheckError:  # no repository, or a merge that is not ended: the file still speaks
        return tuple(map(describe, stanzas)), None
    keyring = make_keyring(names.here.keys.values(), names.base.keys.values())
    oid = to_text(repository.git.run("hash-object", "--stdin", given=data)).strip()
    made = [one for one in fleet_of(names).outputs if names.here.files[one.path].oid == oid]
    nodes = shown_names({one.directory for one in names.here.outputs.values()})
    source = None if not made else f"{made[0].source}, for {nodes[made[0].node]}"
    return tuple(_named(keyring.addressee(one), one) for one in stanzas), source


def _named(addressee: str, stanza: Stanza) -> str:
    said = describe(stanza)
    return said if addressee == said else f"{addressee} ({said})"


def merge_files(ours: str, theirs: str, path: str) -> int:
    """Leave in `ours` what is right for `path`, or end with 1: then it is a conflict for Git.

    The name of an output says for which key and from which source it was made, so two that have
    one name hold the same; the one that stays is addressed as the other is.
    """
    mine, other = _read(ours), _read(theirs)
    if output_file(path) is None:
        say(_let_choose(path))
        return CONFLICT
    if mine is None or other is None:
        say(f"{path}: one side is no age file; {_choose(path)}")
        return CONFLICT
    if _addressed(mine) != _addressed(other) or mine.plaintext_size != other.plaintext_size:
        say(f"{path}: the sides differ in whom it is for or in its length; {_choose(path)}")
        return CONFLICT
    return 0


def _let_choose(path: str) -> str:
    """Return what there is to choose from where both sides changed a secret, and how to go on."""
    git = Git(".")
    place = pathspec(path)
    return (
        f"{path}: both sides changed this secret, and ciphertexts cannot be joined: "
        f"{say_sides(git, path)}. The version that you leave out is lost with its change, so read "
        f"both first: `{show_stage(OURS, path)}` and `{show_stage(THEIRS, path)}`. "
        "The work tree has ours. If theirs is right: "
        f"`git checkout --theirs -- {place}`; if you need something of both, edit the file "
        f"(`agenix edit`, or `agenix -e` of plain agenix). Then `git add -- {place}`, and `{REKEY}`"
    )


def _read(name: str) -> AgeFile | None:
    data = Path(name).read_bytes()
    try:
        return read_age(data) if looks_like_age(data) else None
    except AgeFormatError:
        return None


def _addressed(file: AgeFile) -> list[str]:
    return sorted(map(describe, file.real_stanzas))


def _choose(path: str) -> str:
    place = pathspec(path)
    return (
        f"keep one: `git checkout --ours -- {place}` or `git checkout --theirs -- {place}`, "
        f"`git add -- {place}`, then `{REKEY}`"
    )


def run_driver(task: str, files: Sequence[str]) -> int:
    """Do what Git asks for: `diff FILE`, or `merge BASE OURS THEIRS PATH`."""
    if task == "diff":
        return show_for_diff(files[0])
    _, ours, theirs, path = files
    return merge_files(ours, theirs, path)
