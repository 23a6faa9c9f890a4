"""Reports that were given, as far as they are remembered: of which view, and for which others."""

from typing import TYPE_CHECKING

from agenix_check.git.cache import Store
from agenix_check.git.known_trees import KnownTrees
from agenix_check.git.remembered import RememberedReport
from agenix_check.git.repository import is_partial_commit, parents_of
from agenix_check.model.findings import Report
from agenix_check.model.settings import Settings
from agenix_check.view import View

if TYPE_CHECKING:
    from agenix_check.discover.tree.settled import Rest
    from agenix_check.gate import Examined

OF_THE_FLEET = ("inventory", "flake", "nodes", "collect_home_manager", "rules")
"""The settings that say what the fleet is."""

_STORED_SETTLED = "settled"


def recall_report(view: View, settings: Settings, store: Store) -> Report | None:
    """Return the report of a view that is known, or of one that differs in nothing of interest.

    None where there is none; then it has to be looked at.
    """
    remembered = RememberedReport(store, _name(view, settings))

    def look_aside(places: tuple[str, ...]) -> str:
        return _look_aside(view, places)

    known = remembered.recall(view.info, look_aside)
    if known is not None:
        return None if _has_arrived(view, known) else known
    trees = KnownTrees(store, _kind(view, settings))
    judged = trees.load()
    if not judged:
        return None
    from agenix_check.discover.tree.carried import find_alike

    alike = find_alike(view, judged)
    if alike is None:
        return None
    known = remembered.adopt(alike.report, view.info, look_aside)
    if known is None or _has_arrived(view, known):
        return None
    trees.keep(alike._replace(report=_name(view, settings)))
    return known


def _has_arrived(view: View, known: Report) -> bool:
    """Return whether the work tree has a file now that a remembered report misses."""
    if view.snapshot.kind != "index" or not known.findings:
        return False
    from agenix_check.git.worktree import is_in_work_tree
    from agenix_check.rules import find_rule

    absent = {one.path for one in known.findings if find_rule(one.rule).absent}
    return any(is_in_work_tree(view.repository, path) for path in absent if path is not None)


def find_the_rest(view: View, settings: Settings, store: Store) -> "Rest | None":
    """Return a view without the outputs that nothing can have changed; None if they are few."""
    if not store.has(_STORED_SETTLED):
        return None
    from agenix_check.discover.tree.settled import FlatSettled, SettledTree, leave_out_settled

    known = store.load(_STORED_SETTLED, FlatSettled)
    if known is None:
        return None
    return leave_out_settled(view, settings, SettledTree(**known), _kind(view, settings))


def keep_report(
    view: View,
    settings: Settings,
    store: Store,
    examined: "Examined",
    rest: "Rest | None" = None,
) -> str | None:
    """Remember a report, and as what tree it was judged where it may hold for others.

    `rest` is what was looked at, if that is not the whole view. Returns the name under which its
    texts may be remembered; None where the report is not.
    """
    if not _lasts(examined) or any(file.unstaged for file in examined.inventory.rules):
        return None
    names, remembered = examined.names, RememberedReport(store, _name(view, settings))
    aside = None if names.looked_aside is None else (names.looked_aside, names.unstaged.digest)
    known_as = remembered.keep(examined.report, aside)
    if known_as is None or examined.inventory.kind != "names":
        return known_as
    _keep_settled(view, settings, store, examined, rest)
    if any(one.new for one in examined.findings):
        return known_as
    from agenix_check.discover.tree.carried import known_tree

    tree = known_tree(view, settings, names, _name(view, settings))
    if tree is not None:
        KnownTrees(store, _kind(view, settings)).keep(tree)
    return known_as


def _keep_settled(
    view: View, settings: Settings, store: Store, examined: "Examined", rest: "Rest | None"
) -> None:
    """Remember what made the outputs of a large fleet in order."""
    from agenix_check.discover.tree.settled import find_settled

    names, kind = examined.names, _kind(view, settings)
    if examined.report.counts.ignored:
        return
    if rest is None:
        settled = find_settled(view, settings, names, examined.report.outputs, kind)
    elif rest.settle is None or names.lost or names.shallow:
        return
    else:
        settled = rest.settle(kind)
    if settled is not None:
        store.save(_STORED_SETTLED, settled._asdict())


def _look_aside(view: View, places: tuple[str, ...]) -> str:
    """Return what the work tree has besides the index, as one value."""
    from agenix_check.git.worktree import digest_aside

    return digest_aside(view.repository, places)


def _lasts(examined: "Examined") -> bool:
    """Return whether a report depends on nothing but what it is remembered with.

    What Nix declares may be known better next time, and a fix that encrypts names grants.
    """
    shown = [one for one in examined.report.findings if one.is_shown]
    if not shown:
        return True
    from agenix_check.rules import find_rule

    encrypts = any(find_rule(one.rule).is_encrypting for one in shown)
    return not (encrypts or examined.names.shallow or examined.report.fleet.inventory == "nix")


def _name(view: View, settings: Settings) -> str:
    """Return what a verdict depends on: both trees, history, where the fleet comes from, ignores.

    Of history the commits that the trees come after: all else follows from these.
    """
    snapshot, base, authority = view.snapshot, view.base, view.authority
    before = "" if snapshot.commit else parents_of(view.repository, snapshot)
    sides = (snapshot.kind, snapshot.tree, snapshot.commit, before, base and base.commit)
    seen = _seen(view, authority.commit if authority else None)
    return f"{sides} {seen} {_declaring(settings)}"


def _kind(view: View, settings: Settings) -> str:
    """Return what a verdict depends on besides trees and history."""
    authority = view.authority.commit if view.authority else None
    if authority is not None and view.base is not None and authority == view.base.commit:
        authority = "base"
    return f"{view.snapshot.kind} {_seen(view, authority)} {_declaring(settings)}"


def _seen(view: View, authority: str | None) -> str:
    from shutil import which

    return f"{(authority, view.cut_off, is_partial_commit(), which('nix') is None)}"


def _declaring(settings: Settings) -> str:
    fleet = [str(getattr(settings, name)) for name in OF_THE_FLEET]
    return f"{fleet} {settings.ignore}{' emptied' if settings.allow_empty else ''}"
