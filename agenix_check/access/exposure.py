"""What former readers, or given keys, could ever read, and what of it is still in use."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType

from agenix_check.access.entries import Who
from agenix_check.access.past_readers import PastReaders, PastReading
from agenix_check.access.rotations import Rotations
from agenix_check.access.secret_versions import Versions, worst
from agenix_check.age import fingerprint
from agenix_check.discover.tree.chronicle import Chronicle, Held, may_be_plain_secret
from agenix_check.discover.tree.key_texts import KeyTexts
from agenix_check.discover.tree.naming import output_file
from agenix_check.model.exposed import (
    ExposedSecret,
    KeyExposure,
    PublicSecret,
    ReadableVersion,
    VersionState,
)

_URGENCY = (VersionState.IN_USE, VersionState.PERHAPS, VersionState.ROTATED)


def find_exposures(
    past: PastReaders, tried: Mapping[tuple[str, str], bool] = MappingProxyType({})
) -> list[KeyExposure]:
    """Return what every key of a history could read, the most urgent first.

    `tried` says of keys, each with the object id of a file, whether it opens that.
    """
    by_who: dict[Who, list[PastReading]] = defaultdict(list)
    for reading in past.readings:
        opens = tried.get((reading.who.key or "", reading.via.oid))
        if opens is not False:
            known = reading._replace(anonymous=False) if opens else reading
            by_who[reading.who].append(known)
    present = _present_keys(past.chronicle, past)
    rotations = Rotations(past)
    found = [_of_key(past, who, readings, present, rotations) for who, readings in by_who.items()]
    return sorted(found, key=urgency)


def only_former(exposures: Iterable[KeyExposure]) -> tuple[KeyExposure, ...]:
    """Return the keys that can read nothing any more, with what is, or may be, in use of theirs."""
    found = []
    for one in exposures:
        left = tuple(each for each in one.secrets if each.state is not VersionState.ROTATED)
        if left and not one.reader:
            found.append(one._replace(secrets=left))
    return tuple(found)


def name_nodes(
    exposures: Iterable[KeyExposure], names: Mapping[str, str]
) -> tuple[KeyExposure, ...]:
    """Return exposures whose nodes have their names, given by their directories."""
    return tuple(
        one._replace(nodes=tuple(dict.fromkeys(names.get(node, node) for node in one.nodes)))
        for one in exposures
    )


def name_people(
    exposures: Iterable[KeyExposure], past: PastReaders, bound: Mapping[str, str]
) -> tuple[KeyExposure, ...]:
    """Return exposures with what people call their keys; `bound` has names in Nix, by the key.

    Else a key file says whose a key is, or its comment.
    """
    return tuple(one._replace(known_as=_known_as(one, past, bound)) for one in exposures)


def _known_as(one: KeyExposure, past: PastReaders, bound: Mapping[str, str]) -> str:
    booked = past.book.keys.get(one.key or "")
    if booked is None:
        return ""
    path = booked.path or ""
    if booked.recipient.text in bound:
        return bound[booked.recipient.text]
    return path if path.endswith(".pub") else next(iter(booked.comments), path)


def files_that_bind(past: PastReaders, exposures: Iterable[KeyExposure]) -> tuple[str, ...]:
    """Return the Nix files that had keys of no node, the last version of each, the newest first.

    They are given by their object ids.
    """
    wanted = {one.key for one in exposures if not one.nodes}
    latest: dict[tuple[str, str], tuple[tuple[bool, int, int], str]] = {}
    for held, span in past.chronicle.spans.items():
        fact = past.chronicle.facts.get(held.oid)
        if not held.path.endswith(".nix") or not isinstance(fact, KeyTexts):
            continue
        when = span.until is None, span.until_at, span.begun_at
        for key in filter(None, map(past.book.parse, fact.public)):
            if key.text in wanted:
                known = latest.get((key.text, held.path), (when, held.oid))
                latest[key.text, held.path] = max(known, (when, held.oid))
    newest = sorted(set(latest.values()), reverse=True)
    return tuple(dict.fromkeys(oid for _, oid in newest))


def _present_keys(chronicle: Chronicle, past: PastReaders) -> set[str]:
    """Return the anonymous keys that a tip still has: they may be readers."""
    texts = {
        text
        for held in chronicle.tips
        if isinstance(fact := chronicle.facts.get(held.oid), KeyTexts)
        for text in fact.public
    }
    keys = filter(None, map(past.book.parse, texts))
    return {one.text for one in keys if one.is_anonymous}


def _of_key(
    past: PastReaders,
    who: Who,
    readings: Iterable[PastReading],
    present: set[str],
    rotations: Rotations,
) -> KeyExposure:
    secrets: dict[str, dict[tuple[str, str, str], ReadableVersion]] = defaultdict(dict)
    nodes = set()
    tips: set[tuple[str, ...]] = set()
    for one in readings:
        version = _version(past, one, rotations)
        secrets[one.secret][version.blob, version.via, version.begun] = version
        is_known = not one.anonymous or one.node is not None
        if one.via in past.chronicle.tips and (is_known or who.key is None or who.key in present):
            tips.add(past.chronicle.tips[one.via])
        if one.node is not None:
            nodes.add(one.node)
    booked = past.book.keys.get(who.key or "")
    return KeyExposure(
        key=who.key,
        words=who.words,
        fingerprint=fingerprint(booked.recipient) if booked else None,
        names=booked.paths if booked else (),
        nodes=tuple(sorted(nodes)),
        reader=bool(tips),
        reader_in=() if () in tips else tuple(sorted(set(chain(*tips)))),
        secrets=tuple(sorted(_secrets(secrets, past.versions), key=_secret_urgency)),
    )


def _secrets(
    secrets: Mapping[str, Mapping[tuple[str, str, str], ReadableVersion]], known: Versions
) -> Iterator[ExposedSecret]:
    for secret, versions in secrets.items():
        ordered = sorted(versions.values(), key=lambda one: (one.begun_on, one.blob, one.via))
        state = worst(one.state for one in ordered)
        yield ExposedSecret(secret, state, tuple(ordered), _moved(secret, known))


def _moved(secret: str, known: Versions) -> tuple[str, ...]:
    """Return where a secret is now; nothing for one that is where it was."""
    now = known.heirs(secret)
    return () if secret in now else tuple(sorted(now))


def _version(past: PastReaders, reading: PastReading, rotations: Rotations) -> ReadableVersion:
    span = past.chronicle.spans[reading.via]
    contents = past.versions.by_digest.get(reading.digest or "", ())
    source = next((held for held in contents if held.path == reading.secret), None)
    length = reading.length
    if reading.digest is not None:
        length = past.versions.lengths[reading.digest]
    state = past.versions.state(reading.secret, length, reading.digest)
    is_rotated = state is VersionState.ROTATED
    return ReadableVersion(
        blob=reading.via.oid if source is None else source.oid,
        via=reading.via.path,
        begun=span.begun,
        begun_on=span.begun_on,
        until=span.until,
        until_on=span.until_on,
        state=state,
        anonymous=reading.anonymous,
        rotated_by=rotations.by_length(source) if source and is_rotated else None,
    )


def urgency(one: KeyExposure) -> tuple[int, int, str, str]:
    """Order keys by what to do first."""
    state = worst(each.state for each in one.secrets)
    many = sum(each.state is state for each in one.secrets)
    return _URGENCY.index(state), -many, one.key or "", one.words


def _secret_urgency(one: ExposedSecret) -> tuple[int, str]:
    return _URGENCY.index(one.state), one.secret


def find_public(chronicle: Chronicle, versions: Versions) -> list[PublicSecret]:
    """Return the secrets that some commit has in plain text, the most urgent first.

    At the path of the secret or of an output, or at the same path without its ending `.age`; and
    in a file of the same stem, wherever and with whatever ending, that is as long as the secret.
    """
    homes = _homes(chronicle, versions)
    relatives = _relatives(versions)
    found = []
    for held, size in _plain_files(chronicle):
        secrets = homes.get(held.path) or relatives.get((_stem(held.path), size), set())
        for secret in secrets:
            span, state = chronicle.spans[held], versions.state(secret, size)
            if held.path == secret and held in chronicle.current:
                state = VersionState.IN_USE  # it is in plain text to this day
            begun, now = (span.begun, span.begun_on), _moved(secret, versions)
            found.append(PublicSecret(secret, *begun, held.path, state, now=now))
    return sorted(found, key=public_urgency)


def _plain_files(chronicle: Chronicle) -> Iterator[tuple[Held, int]]:
    for held in chronicle.spans:
        if held.oid in chronicle.sizes and may_be_plain_secret(held.path):
            yield held, chronicle.sizes[held.oid]


def _relatives(versions: Versions) -> dict[tuple[str, int], set[str]]:
    """Return secrets by their stem and the length of a text that they had, in bytes."""
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for path, digests in versions.by_path.items():
        for length in map(versions.lengths.get, digests):
            if length:
                found[_stem(path), length].add(path)
    return found


def _stem(path: str) -> str:
    """Return a file's name up to its first dot that does not begin it."""
    return path.rpartition("/")[2].lstrip(".").partition(".")[0]


def _homes(chronicle: Chronicle, versions: Versions) -> dict[str, set[str]]:
    """Return, for each path at which a secret may stand in plain text, which secrets these are."""
    homes: dict[str, set[str]] = defaultdict(set)
    for path in versions.by_path:
        homes[path].add(path)
        if path.endswith(".age"):
            homes[path.removesuffix(".age")].add(path)
    by_name: dict[str, set[str]] = defaultdict(set)
    for path in versions.by_path:
        by_name[path.rpartition("/")[2].removesuffix(".age")].add(path)
    for held in chronicle.spans:
        output = output_file(held.path)
        if output is not None:
            homes[held.path].update(by_name.get(output.name, (held.path,)))
    return homes


def published(
    exposures: Iterable[KeyExposure], keys: Mapping[str, Iterable[Held]], chronicle: Chronicle
) -> list[PublicSecret]:
    """Return what private keys open that were committed: their holder is everybody.

    `keys` has the files that held the private half of a key, by its text without a comment.
    """
    found: dict[tuple[str, str], PublicSecret] = {}
    for one in exposures:
        for held in keys.get(one.key or "", ()):
            span = chronicle.spans[held]
            for each in one.secrets:
                shown = PublicSecret(
                    each.secret, span.begun, span.begun_on, held.path, each.state,
                    by_private_key=True, now=each.now,
                )  # fmt: skip
                # Of a file that had the key in several versions the first counts.
                known = found.get((each.secret, held.path), shown)
                found[each.secret, held.path] = min(known, shown, key=public_urgency)
    return sorted(found.values(), key=public_urgency)


def public_urgency(one: PublicSecret) -> tuple[int, str, int, str]:
    """Order what was public by what to do first."""
    return _URGENCY.index(one.state), one.secret, one.date, one.path
