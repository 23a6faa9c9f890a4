"""A walk along lines of commits to the tree that is judged, and aside into what they merge."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from agenix_check.discover.tree.circumstances import examine_loss, go_on
from agenix_check.discover.tree.evidence import (
    Evidence,
    base_evidence,
    classify,
    find_facts,
    read_facts,
)
from agenix_check.discover.tree.facts_cache import Memory
from agenix_check.discover.tree.library import Library, Tried, may_have_parts
from agenix_check.discover.tree.line import Known, Line, Loss
from agenix_check.discover.tree.naming import OutputFile, Trace, output_file
from agenix_check.discover.tree.walk_cache import NEAR, Walked
from agenix_check.git.cache import Store
from agenix_check.git.history import LineCommit, first_parents, read_line
from agenix_check.git.repository import (
    Repository,
    changes,
    commit_snapshot,
    forked_at,
    is_ancestor,
    is_cut_off,
)
from agenix_check.git.snapshot import Change, path_of
from agenix_check.model.frozen import frozen
from agenix_check.view import View

_DEEPEST = 16  # merges within merges; what lies deeper is judged by first parents alone


@frozen
class Question:
    """What is asked: what became of the outputs of a view that nothing explains.

    `here` and `base` are what its trees say, `made` the key and source by the ident they make,
    `changed` what differs between the trees.
    """

    view: View
    here: Evidence
    base: Evidence
    made: Mapping[str, Trace]
    changed: Sequence[Change]
    unexplained: Sequence[OutputFile]


class Walk:
    """Goes along lines of commits, and aside into what they merge."""

    def __init__(
        self,
        question: Question,
        library: Library,
        walked: Walked | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.library = library
        here = question.here
        self.library.tried = Tried(
            frozenset(file.ident for file in question.unexplained),
            frozenset(here.keys),
            frozenset(here.sources),
        )
        self._question, self._view = question, question.view
        self._repository: Repository = question.view.repository
        self._git = self._repository.git
        self._walked = walked
        self._memory = memory
        self._is_ancestor = cache(lambda commit, of: is_ancestor(self._repository, commit, of))

    def is_tree_of(self, commit: str) -> bool:
        """Return whether a commit has the very tree that is judged."""
        return commit_snapshot(self._repository, commit).tree == self._view.snapshot.tree

    def up_to(self, commit: str) -> Line | None:
        """Return the line up to a commit; None where history is not all here."""
        line = Line(self.library)
        near = first_parents(self._git, commit, NEAR)
        begin = None
        if self._walked is not None:
            states = self._walked.states
            begin = next((number for number, one in enumerate(near) if one in states), None)
            if begin is not None:
                at, walked = near[begin], self._walked
                self.load(line, self._evidence(at), known=walked.known(at))
                if not walked.restore(at, line):
                    self._view.snapshot.refuse_left_out()
            if begin == 0:
                return line
        if begin is None:
            self._view.snapshot.refuse_left_out()
        commits = read_line(self._git, commit, most=begin)
        if not commits:
            return None
        self._read(commits)
        cut = begin is None and is_cut_off(self._repository, commits[0].oid)
        for number, one in enumerate(commits):
            self._advance(line, one, unseen=cut and number == 0)
        return line

    def _read(self, commits: Iterable[LineCommit]) -> None:
        """Read what commits touch. Raises `NeedsAllError` as `_refuse_touched` does."""
        steps = [step for one in commits for step in one.changes]
        self.library.read(self._git, steps)
        self._refuse_touched(steps)

    def _refuse_touched(self, steps: Iterable[Change]) -> None:
        """Raise `NeedsAllError` where a change touches what made an output that is left out."""
        left_out = self._view.snapshot.left_out
        if not left_out:
            return
        sides = (file for one in steps for file in (one.before, one.after))
        touched = {part for file in sides for part in self.library.of(file)}
        for record in left_out:
            file = output_file(path_of(record))
            made = None if file is None else self.library.made.get(file.ident)
            if made is None or not touched.isdisjoint(made):
                self._view.snapshot.refuse_left_out()

    def take_last(self, line: Line, parents: Sequence[str]) -> None:
        """Take the step to the tree that is judged itself."""
        question, snapshot = self._question, self._view.snapshot
        at = self._view.base
        steps = question.changed
        if not parents:
            steps = [Change(file.path, None, file) for file in snapshot.files.values()]
        elif at is None or at.commit != parents[0]:
            steps = changes(self._repository, parents[0], snapshot.tree)
        facts = question.here.facts
        self.library.read(self._git, (one for one in steps if one.path not in facts))
        for one in steps:
            if one.after is not None and one.path in facts and may_have_parts(one.after):
                self.library.learn(one.after.oid, facts[one.path])
        if steps is not question.changed:  # else what they touch is not left out
            self._refuse_touched(steps)
        commit = LineCommit(snapshot.commit or "", tuple(parents), tuple(steps))
        self._advance(line, commit, unseen=not parents and self._view.cut_off)

    def load(
        self,
        line: Line,
        evidence: Evidence,
        outputs: Iterable[OutputFile] | None = None,
        known: Known | None = None,
    ) -> None:
        """Begin a line with a tree, or with some outputs of it; `known`: as it was there before."""
        files = evidence.outputs.values() if outputs is None else outputs
        line.load(files, self.library.take(evidence), known)

    def _evidence(self, commit: str) -> Evidence:
        """Return what the tree of a commit says."""
        question, base = self._question, self._view.base
        if base is not None and base.commit == commit:
            return question.base
        if self._view.snapshot.commit == commit:
            return question.here
        snapshot = commit_snapshot(self._repository, commit)
        if self._view.snapshot.left_out:
            now = self._view.snapshot
            since = changes(self._repository, snapshot.tree, now.tree)
            before = [one.before for one in since if one.before is not None]
            return base_evidence(now, question.here, since, find_facts(self._repository, before))
        memory = self._memory or Memory(Store(None))
        return classify(snapshot.files, read_facts(self._repository, snapshot, memory))

    def _advance(
        self, line: Line, commit: LineCommit, *, depth: int = 0, unseen: bool = False
    ) -> None:
        """Take one commit: what it means for older losses, and what it lost itself."""
        merged = commit.parents[1:]

        def counts(since: str | None) -> bool:
            # What a merge takes in came after a commit only where that side had the commit.
            if not merged:
                return True
            return since is not None and any(self._is_ancestor(since, one) for one in merged)

        step = line.take(commit.oid or None, commit.changes)
        go_on(line, step, counts)
        losses = line.losses(step)
        if merged and losses and depth < _DEEPEST:
            losses = self._judge_by_sides(line, commit, losses, depth)
        alive = self._alive(commit) if merged and losses else frozenset[str]()
        for loss in losses:
            loss.unseen = unseen
            if not unseen:
                examine_loss(loss, line, step, alive)
        line.add(losses)
        line.connect_known()

    def _judge_by_sides(
        self, line: Line, commit: LineCommit, losses: Sequence[Loss], depth: int
    ) -> list[Loss]:
        """Let what a merge took in be judged on the side that it came from; return the rest."""
        left = {loss.file.path: loss for loss in losses}
        for parent in commit.parents[1:]:
            side = self._side(parent, commit.parents[0], depth + 1)
            theirs = [path for path in left if side is not None and path in side.outputs]
            if side is None or not theirs:
                continue
            line.adopt(side, [path for path in theirs if path in side.lost])
            if any(left[path].brought and path not in line.lost for path in theirs):
                self._merge_into(side, parent, commit)
                brought = [path for path in theirs if left[path].brought and path in side.lost]
                line.adopt(side, [path for path in brought if path not in line.lost])
            left = {path: loss for path, loss in left.items() if path not in line.lost}
        return list(left.values())

    def _merge_into(self, side: Line, parent: str, commit: LineCommit) -> None:
        """Take a merge as a step of the side that it took in."""
        steps = changes(self._repository, parent, commit.oid or self._view.snapshot.tree)
        self._read([commit._replace(changes=tuple(steps))])
        step = side.take(commit.oid or None, steps)
        go_on(side, step, lambda _: True)
        alive = self._alive(commit)
        losses = side.losses(step)
        for loss in losses:
            examine_loss(loss, side, step, alive)
        side.add(losses)

    def _side(self, tip: str, without: str, depth: int) -> Line | None:
        """Return the line of what a merge took in, from where it left the other side."""
        commits = read_line(self._git, tip, without=without)
        if not commits:
            return None
        line = Line(self.library)
        if commits[0].parents:
            self.load(line, self._evidence(commits[0].parents[0]))
        self._read(commits)
        for one in commits:
            self._advance(line, one, depth=depth)
        return line

    def _alive(self, commit: LineCommit) -> frozenset[str]:
        """Return the directories that got outputs since the sides of a merge parted.

        Against one side alone, what the other rekeyed looks as old as the rest.
        """
        if self._view.snapshot.kind == "worktree" and not commit.oid:
            return frozenset()
        tree = commit.oid or self._view.snapshot.tree
        first, *merged = commit.parents
        return _directories_since_fork(self._repository, first, merged[0], tree)


def _directories_since_fork(
    repository: Repository, first: str, other: str, tree: str
) -> frozenset[str]:
    """Return the directories that got outputs since two commits parted, in the tree of their merge.

    Nothing where what they have in common was not fetched.
    """
    fork = forked_at(repository, first, other)
    if fork is None:
        return frozenset()
    files = (output_file(one.path) for one in changes(repository, fork, tree) if not one.before)
    return frozenset(file.directory for file in files if file is not None)
