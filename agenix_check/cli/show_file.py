"""The verb `inspect`: what a file says without a key, and what its repository knows of it."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from agenix_check.cli.configuration import ask
from agenix_check.cli.files import read_input
from agenix_check.cli.grammar import parse_inspect
from agenix_check.cli.opening import open_here, open_run
from agenix_check.cli.terminal import print_out, say, text_width
from agenix_check.errors import AgenixCheckError, CannotCheckError
from agenix_check.model.known import KnownFile, KnownKind
from agenix_check.report import inspection


def run_inspect(arguments: Sequence[str]) -> int:
    """Show what files are; return 1 if one is neither an age file nor a public key."""
    files, form = parse_inspect(arguments)
    found = [inspection.inspect(file, read_input(file)) for file in files]
    keys = {one.name: {key.recipient.text for key in one.keys} for one in found if one.keys}
    known, names = _look_up([file for file in files if file != "-"], keys)
    if form == "json":
        print_out(inspection.render_json(found, known, names))
    else:
        print_out(inspection.render_text(found, known, names, text_width()))
    return 0 if all(one.valid or one.keys or _is_key(known.get(one.name)) for one in found) else 1


def _is_key(known: KnownFile | None) -> bool:
    return known is not None and known.kind is KnownKind.KEY


def _look_up(
    files: Sequence[str], keys: Mapping[str, Collection[str]]
) -> tuple[dict[str, KnownFile], Mapping[str, str]]:
    """Return what the repository knows of files, by their names, and the shown names of nodes.

    Of files elsewhere it knows whose `keys` they have, which are those of files of public keys.
    What is shown of a file itself does not hang on the repository: where that cannot be judged, a
    sentence says so.
    """
    try:
        top = open_here().top if files else None
    except CannotCheckError:  # not in a repository
        return {}, {}
    if top is None:
        return {}, {}
    paths = {file: _path_in(top, file) for file in files}
    if not (keys.keys() & paths.keys() or any(paths.values())):
        return {}, {}
    from agenix_check.audit.known_files import know_file, know_keys
    from agenix_check.inquiries import judge_fleet

    try:
        with open_run(ask({"worktree": True})) as run:
            judged = judge_fleet(run.view, run.settings)
    except AgenixCheckError as error:
        say(f"what the repository knows of it is not shown: {error}")
        return {}, {}
    known = {
        file: know_keys(keys[file], judged.readers)
        if path is None
        else know_file(path, judged.report, judged.names, judged.readers, judged.fleet.rules)
        for file, path in paths.items()
        if path is not None or file in keys
    }
    for sentence in judged.report.incomplete if any(known.values()) else ():
        say(f"could not check: {sentence}")
    return {file: one for file, one in known.items() if one is not None}, judged.report.node_names()


def _path_in(top: Path, file: str) -> str | None:
    """Return the path of a file from the top of the repository; None if it is not in there."""
    given = Path(file)
    place = given.parent.resolve() / given.name
    try:
        return place.relative_to(top.resolve()).as_posix()
    except ValueError:
        return None
