"""The gate: from settings to a report, stage by stage."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agenix_check.errors import AgenixCheckError
from agenix_check.git.cache import Store
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import NeedsAllError
from agenix_check.model.findings import Finding, Report, Severity
from agenix_check.model.frozen import frozen, replace
from agenix_check.model.settings import EvaluateWhen, FailOn, Settings, SettingsOrigin
from agenix_check.view import View, open_view, view_commit

if TYPE_CHECKING:
    from agenix_check.discover.declared.inventory import Inventory
    from agenix_check.discover.tree.facts_cache import Found
    from agenix_check.discover.tree.names import Names
    from agenix_check.model.access import AccessChange

# Rooms that look closer are imported where they are needed: a tree that is known to be green needs
# none of them.

_UNMATCHED = "no output matches --node and --secret"
_NOTHING = "nothing to check"


@frozen(kw_only=False)
class Examined:
    """An audit's report and what it is based on; `findings` include those that settings hide."""

    report: Report
    findings: tuple[Finding, ...]
    names: "Names"
    inventory: "Inventory"


Compare = Callable[[Report, "Names", "Inventory", View], Report]
Advise = Compare


def check(
    repository: Repository,
    settings: Settings,
    origin: SettingsOrigin | None = None,
    *,
    brief: bool = False,
    details: bool = False,
    compare: Compare | None = None,
    advise: Advise | None = None,
) -> Report:
    """Judge the snapshot that the settings name.

    `brief`: counts and findings are enough, so a tree that was green before needs no second look.
    `details`: add what each output was made from and where the snapshot is from, for formats that
    show it. `compare` looks into what the audit finds in order; then nothing is remembered.
    `advise` may change the fixes of findings. Raises `UsageError` for revisions that name no
    commit, `CannotCheckError` if Git cannot answer.
    """
    with open_view(repository, settings) as view:
        return check_view(
            view, settings, origin, brief=brief, details=details, compare=compare, advise=advise
        )


def check_view(
    view: View,
    settings: Settings,
    origin: SettingsOrigin | None = None,
    *,
    brief: bool = False,
    details: bool = False,
    compare: Compare | None = None,
    advise: Advise | None = None,
) -> Report:
    """Judge a view, as `check` does; `origin` says where its settings come from."""
    if origin is not None and not _speaks(origin):
        origin = None
    if compare is None:
        known = recall_view(view, settings, origin) if brief else None
        if known is None and not details:
            known = _judge_the_rest(view, settings, origin, brief=brief, advise=advise)
        if known is not None:
            return known
    store = open_store(view.repository, settings)
    examined = examine(view, settings, store, details=details, compare=compare, advise=advise)
    report = examined.report
    if compare is None and store.keeps and not _is_fresh(settings, origin):
        from agenix_check.kept_reports import keep_report

        known_as = store.without_foreign(lambda: keep_report(view, settings, store, examined))
        report = replace(report, known_as=known_as)
    report = conclude(report, settings, view, examined)
    return report if origin is None else with_origin(report, origin, view, examined, settings)


def recall_view(
    view: View, settings: Settings, origin: SettingsOrigin | None = None, *, details: bool = False
) -> Report | None:
    """Return what `check_view` would, without looking, where that is remembered.

    It has its counts, its findings but for notes, and with `details` where the snapshot is from.
    Raises what `check_view` raises.
    """
    store = open_store(view.repository, settings)
    if store.is_empty or _is_fresh(settings, origin):
        return None
    from agenix_check.kept_reports import recall_report

    known = store.without_foreign(lambda: recall_report(view, settings, store))
    if known is None or _must_evaluate(known, settings):
        return None
    if details:
        known = _with_checkout(known, view)
    return replace(known, only_new_fails=_only_new_fails(view, settings))


def _judge_the_rest(
    view: View,
    settings: Settings,
    origin: SettingsOrigin | None,
    *,
    brief: bool,
    advise: Advise | None,
) -> Report | None:
    """Return the report of a large fleet in which most outputs are in order without another look.

    None where they are not, or have to be seen beside the others.
    """
    from agenix_check.model.fleet import are_many

    if _is_fresh(settings, origin) or not are_many(len(view.snapshot.records)):
        return None
    from agenix_check.kept_reports import keep_report
    from agenix_check.large_fleet import add_the_others, leave_out

    store = open_store(view.repository, settings)
    rest = store.without_foreign(lambda: leave_out(view, settings, store))
    if rest is None:
        return None
    try:
        examined = examine(rest.view, settings, store, advise=advise, found=rest.found)
    except NeedsAllError:
        return None
    report = add_the_others(examined.report, examined.names, rest, brief=brief)
    if report is None:
        return None
    whole = replace(examined, report=report)
    known_as = store.without_foreign(lambda: keep_report(rest.view, settings, store, whole, rest))
    return conclude(replace(report, known_as=known_as), settings, rest.view, whole)


def _is_fresh(settings: Settings, origin: SettingsOrigin | None) -> bool:
    """Return whether a report follows from more than it is remembered by, history aside."""
    return settings.is_restricted or settings.exposed or (origin is not None and _speaks(origin))


def _speaks(origin: SettingsOrigin) -> bool:
    return bool(origin.notices or origin.change)


def _must_evaluate(known: Report, settings: Settings) -> bool:
    """Return whether Nix must be asked again, whatever it said about this tree before."""
    return known.fleet.inventory == "nix" and settings.evaluate is EvaluateWhen.ALWAYS


def _with_checkout(report: Report, view: View) -> Report:
    from agenix_check.git.checkout import describe_checkout

    checkout = describe_checkout(view.repository, view.snapshot.commit)
    return replace(report, snapshot=replace(report.snapshot, checkout=checkout))


def with_origin(
    report: Report, origin: SettingsOrigin, view: View, examined: Examined, settings: Settings
) -> Report:
    """Return a report with what there is to say about where the settings come from."""
    report = replace(report, skipped=(*report.skipped, *origin.notices))
    if origin.change is None:
        return report
    from agenix_check.audit.select import is_ignored
    from agenix_check.audit.settings_change import Seen, judge_change
    from agenix_check.kept_reports import OF_THE_FLEET

    def look(wanted: Settings) -> Seen:
        if all(getattr(wanted, name) == getattr(settings, name) for name in OF_THE_FLEET):
            return Seen(wanted, examined.findings, examined.report)
        fleet: dict[str, Any] = {name: getattr(wanted, name) for name in OF_THE_FLEET}
        try:
            store = open_store(view.repository, settings)
            other = examine(view, replace(settings, **fleet), store)
        except AgenixCheckError as error:
            return Seen(wanted, why_not=str(error))
        return Seen(wanted, other.findings, other.report)

    finding = judge_change(origin.change, look(origin.change.now), look(origin.change.then))
    if is_ignored(finding, origin.change.now.ignore):
        return replace(report, counts=replace(report.counts, ignored=report.counts.ignored + 1))
    return report.with_findings((*report.findings, finding))


def conclude(
    report: Report, settings: Settings, view: View | None = None, examined: Examined | None = None
) -> Report:
    """Add a sentence if there was nothing to check: that must not pass; say nothing twice.

    What was `examined` shows whether there was any before --new-from took it out of the report.
    """
    findings = report.findings
    declared = None if examined is None else examined.inventory.declared
    if examined is not None and declared is not None and declared.declaration.failed:
        from agenix_check.audit.nodes import say_failures_once

        report = say_failures_once(report, examined.names.here, declared.declaration)
    if examined is not None and not settings.is_restricted:
        findings = examined.findings
    found = report.files or any(map(_is_of_outputs, findings))
    if found or settings.allow_empty or report.incomplete:
        return report
    sentence = _UNMATCHED
    if not settings.is_restricted:
        sentence = _NOTHING
        if view is not None and examined is not None:
            from agenix_check.discover.declared.inventory import uses_agenix_rekey
            from agenix_check.discover.tree.nothing_found import say_what_is_there

            rekey = uses_agenix_rekey(view, examined.names)
            sentence = f"{_NOTHING}: {say_what_is_there(view, examined.names, rekey=rekey)}"
        sentence = f"{sentence}; --allow-empty lets that pass"
    return replace(report, incomplete=(*report.incomplete, sentence))


def exit_code(report: Report, settings: Settings) -> int:
    """Return 3 if something could not be checked, 1 if the run fails, else 0."""
    if report.incomplete:
        return 3
    return int(report.fail(strict=settings.strict, require_verified=settings.require_verified))


def _is_of_outputs(finding: Finding) -> bool:
    """Return whether a finding shows that there was something to check.

    Sources alone do not, unless it is an error, which must fail as such. Nor do notes: they are
    about outputs that were removed.
    """
    from agenix_check.rules import About, find_rule

    if find_rule(finding.rule).about is About.SOURCE:
        return finding.severity is Severity.ERROR
    return finding.severity is not Severity.NOTE


def examine(
    view: View,
    settings: Settings,
    store: Store,
    *,
    details: bool = False,
    compare: Compare | None = None,
    advise: Advise | None = None,
    found: "Found | None" = None,
) -> Examined:
    """Audit a view, and return what the audit was based on as well.

    `compare` looks into what was found, then `advise` at the fixes. `found` is what was found
    out already about a view from which files are left out.
    """
    return store.without_foreign(
        lambda: _examine(
            view, settings, store, details=details, compare=compare, advise=advise, found=found
        )
    )


def _examine(
    view: View,
    settings: Settings,
    store: Store,
    *,
    details: bool,
    compare: Compare | None,
    advise: Advise | None,
    found: "Found | None",
) -> Examined:
    with view.snapshot.listed_meanwhile():
        from agenix_check.audit import audit_fleet, refuse_emptied
        from agenix_check.discover.declared.inventory import take_inventory
        from agenix_check.discover.tree.facts_cache import NOTHING_FOUND, Memory
        from agenix_check.discover.tree.names import discover_names

    memory = Memory(store, found or NOTHING_FOUND)

    def audit(one: View) -> "tuple[Report, Names, Inventory]":
        names = discover_names(one, memory, store)
        inventory = take_inventory(one, names, settings, store)
        report = audit_fleet(names, inventory, one.info)
        if inventory.declared is not None and report.findings:
            from agenix_check.discover.declared.from_declaration import judge_base_too

            known = judge_base_too(one, names, settings, store, inventory, report.findings)
            if known is not inventory:
                inventory, report = known, audit_fleet(names, known, one.info)
        return report, names, inventory

    known = None
    if settings.new_from:
        before, names_before, _ = audit(view_commit(view.repository, settings.new_from))
        known = before, names_before.here
    report, names, inventory = audit(view)
    if report.findings:
        from agenix_check.since_when import date_findings
        from agenix_check.work_tree_fixes import look_aside

        report = date_findings(report, names, inventory, view, settings, store)
        report, inventory = look_aside(report, names, inventory, view, settings)
    if not settings.allow_empty:
        report = refuse_emptied(report, names)
        report = _refuse_unmatched(report, settings)
    report = replace(report, access=change_of_access(view, names, inventory, report.fleet_nodes))
    if compare is not None:
        report = compare(report, names, inventory, view)
    selected = report
    if settings.leaves_out:
        from agenix_check.audit.select import select

        selected = select(report, settings, names.here, known)
    selected = replace(selected, only_new_fails=_only_new_fails(view, settings))
    if advise is not None and selected.findings:
        selected = advise(selected, names, inventory, view)
    if details:
        from agenix_check.access.of_view import call_nodes
        from agenix_check.audit.details import add_details
        from agenix_check.inquiries import list_readers

        selected = _with_checkout(add_details(selected, names, inventory), view)
        readers = list_readers(view, names, inventory)
        selected = replace(selected, readers=call_nodes(readers, report.node_names()))
    return Examined(selected, report.findings, names, inventory)


def _refuse_unmatched(report: Report, settings: Settings) -> Report:
    """Say what --node and --secret name that is not there: a run without it must not pass."""
    if not (settings.node or settings.secret):
        return report
    from agenix_check.audit.unmatched import unmatched_in_report

    unmatched = unmatched_in_report(report, (settings.node, settings.secret))
    return replace(report, incomplete=(*report.incomplete, *unmatched))


def change_of_access(
    view: View, names: "Names", inventory: "Inventory", nodes: tuple[str, ...] | None = None
) -> "AccessChange | None":
    """Return what a change does to who can read what; all `nodes` give readers shown names."""
    if view.base is None or view.cut_off:
        return None
    if not _touches_readers(names, inventory):
        from agenix_check.model.access import AccessChange

        return AccessChange()
    from agenix_check.access.of_view import access_change, call_nodes_of_change
    from agenix_check.discover.tree.key_names import name_keys

    before = inventory.rules_at_base
    change = access_change(names, inventory, before)
    if not change.is_empty and (key_names := name_keys(view.repository, (names.here, names.base))):
        change = access_change(names, inventory, before, key_names)
    return change if nodes is None else call_nodes_of_change(change, nodes)


def _touches_readers(names: "Names", inventory: "Inventory") -> bool:
    """Return whether a change can change who can read what: most do not, and pay for nothing."""
    from agenix_check.discover.tree.facts import AgeFact, PointerFact

    if inventory.rules != inventory.rules_at_base:
        return bool(names.changed)
    secret = AgeFact | PointerFact
    ruled = {rule.path for file in inventory.rules for rule in file.rules}
    for path in names.changed:
        if path in names.here.outputs or path in names.base.outputs:
            return True
        now, before = names.here.facts.get(path), names.base.facts.get(path)
        if isinstance(now, AgeFact) and isinstance(before, AgeFact):
            # An edited secret: the stanzas are without what each encryption makes anew.
            if (now.stanzas, now.problem) != (before.stanzas, before.problem):
                return True
        elif path in ruled or isinstance(now, secret) or isinstance(before, secret):
            return True
    return False


def open_store(repository: Repository, settings: Settings) -> Store:
    """Return what earlier runs learned."""
    common = None if settings.no_cache else repository.common_dir
    return Store(None) if common is None else Store.of_clone(common, shallow=repository.shallow)


def _only_new_fails(view: View, settings: Settings) -> bool:
    return settings.fail_on is FailOn.NEW and view.of_a_change
