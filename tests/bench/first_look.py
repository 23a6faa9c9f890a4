"""The rows of fleets that are small or of usual size: start-up, first look, second look, Nix."""

from collections.abc import Iterator

from tests.bench import goals
from tests.bench.flake import make_flake
from tests.bench.fleet import prepare
from tests.bench.measure import IMPORT, PYTHON, Duel, Side, duel, gate, run, take_turns
from tests.bench.plain import prepare_plain
from tests.bench.scene import Measured, Scene, compare, compare_clock, weigh

_SIZE = (100, 100)
_RULES = 60
_NOTHING = [PYTHON, "-c", "pass"]
_FLAKE = (20, 20)
_CASES = """
from junit_xml import TestCase, TestSuite, to_xml_report_string
file = "secrets/rekeyed/node-0000/298f4e1fa5958f61968aee4246321de8-secret-000.age"
suites = [
    TestSuite(node, [TestCase(f"secret-{n:03}", node, file=file, line=1) for n in range(100)])
    for node in (f"node-{n:04}" for n in range(100))
]
to_xml_report_string(suites, prettyprint=False)
"""
_BURNING = (60, 2)
_BURN = 1_000_000  # steps of Nix's evaluator: a node takes what one of home-manager does, or more


def measure_start(scene: Scene) -> Iterator[Measured]:
    """Start and do nothing."""
    top = prepare(scene.cache, *_SIZE)
    ours, theirs = (Side(commands=[one], cwd=top) for one in (gate("--version"), _NOTHING))
    yield compare(goals.START, duel(ours, theirs, turns=scene.turns_of(4)))


def measure_first(scene: Scene) -> Iterator[Measured]:
    """Judge a fleet of usual size, with nothing remembered and again."""
    top = scene.copy(prepare(scene.cache, *_SIZE))
    floor = Side(
        commands=[["git", "ls-files", "-s"], ["git", "cat-file", "--batch"], IMPORT],
        cwd=top,
        stdin=scene.blobs(top),
    )
    formats = [[], ["--format", "json"], ["--format", "junit"]]
    cold = [Side(commands=[gate("--no-cache", *words)], cwd=top) for words in formats]
    cases = Side(commands=[gate("--no-cache"), [PYTHON, "-c", _CASES]], cwd=top)
    text, json, junit, least, written = take_turns(*cold, floor, cases, turns=scene.turns)
    yield compare(goals.FIRST, Duel(text, least))
    yield compare(goals.FIRST_JSON, Duel(json, text))
    yield compare(goals.FIRST_JUNIT, Duel(junit, text))
    yield compare(goals.FIRST_JUNIT_FLOOR, Duel(junit, written))
    warm = [Side(commands=[gate(*words)], cwd=top) for words in formats]
    start = Side(commands=[IMPORT], cwd=top)
    text, json, junit, least = take_turns(*warm, start, turns=scene.turns_of(2))
    yield compare(goals.SECOND, Duel(text, least))
    yield compare(goals.SECOND_JSON, Duel(json, least))
    yield compare(goals.SECOND_JUNIT, Duel(junit, least))


def measure_plain(scene: Scene) -> Iterator[Measured]:
    """Judge rules files that are understood without Nix, so that it is not asked."""
    top = scene.copy(prepare_plain(scene.cache, _RULES))
    start = Side(commands=[IMPORT], cwd=top)
    for goal, words in ((goals.PLAIN, ["--no-cache"]), (goals.PLAIN_SECOND, [])):
        ours = Side(commands=[gate(*words)], cwd=top)
        yield compare(goal, duel(ours, start, turns=scene.turns_of(2)))


def measure_nix(scene: Scene) -> Iterator[Measured]:
    """Judge what a flake declares: with its evaluation remembered, and evaluated anew."""
    top = scene.room()
    make_flake(top, *_FLAKE)
    report = ("--format", "json", "--evaluate", "relevant")
    declared, names = (
        Side(commands=[gate("--inventory", one, *report)], cwd=top) for one in ("nix", "names")
    )
    run(declared)  # the one evaluation, remembered
    yield compare(goals.DECLARED, duel(declared, names, turns=scene.turns_of(2)))
    burning = scene.room()
    make_flake(burning, *_BURNING, burn=_BURN)
    anew = gate("--inventory", "nix", "--evaluate", "always", "--no-cache", "--nix-memory", "1G")
    two, one = (
        Side(commands=[[*anew, "--nix-jobs", number]], cwd=burning) for number in ("2", "1")
    )
    try:
        result = duel(two, one, turns=scene.turns_of(0.4))
    except RuntimeError as error:
        reason = str(error).splitlines()[-1]
        yield Measured(goals.NIX_JOBS, None, reason)
        yield Measured(goals.NIX_MEMORY, None, reason)
        return
    yield compare_clock(goals.NIX_JOBS, result)
    yield weigh(goals.NIX_MEMORY, max(result, key=lambda sample: sample.peak))
