"""`agenix-check.lock`: what a flake declares, as a committed file for machines without Nix.

It is sorted, with one fact a line where possible, so that two branches merge as their flakes do. It
can come with a pull request, so nothing in it is trusted: every value is checked as it is read.
"""

import json
import posixpath
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from agenix_check.discover.tree.evidence import LOCK
from agenix_check.errors import CannotCheckError
from agenix_check.git.paths import to_bytes
from agenix_check.model.declaration import (
    Declaration,
    DeclaredNode,
    DeclaredPath,
    DeclaredSecret,
    MasterIdentity,
    PlainRule,
    RulesFile,
)

LOCK_SCHEMA = "agenix-check/lock/1"
MODES = ("local", "derivation")

RENEW = "agenix-check fleet --lock"
_LONGEST_PLACE = 120  # characters of a place in a message

_T = TypeVar("_T")


class LockedRules(NamedTuple):
    """A rules file as the lock file has it.

    `oids` are the object ids of the rules file and of what it reads, as they were then; None for
    what was not there.
    """

    file: RulesFile
    oids: Mapping[str, str | None]


def render_lock(declaration: Declaration, rules: Iterable[LockedRules] = ()) -> str:
    """Return a declaration, and rules files of plain agenix, as the lock file's text.

    Nodes that failed are not in it.
    """
    document: dict[str, object] = {
        "schema": LOCK_SCHEMA,
        "nodes": {node.name: _node(node) for node in declaration.nodes},
    }
    plain = {one.file.path: _locked_rules(one) for one in rules}
    if plain:
        document["plain"] = plain
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def read_lock(text: str, place: str = LOCK) -> Declaration:
    """Read a lock file's text. Raises `CannotCheckError`, which names the key that is wrong."""
    reader = _LockReader(place)
    nodes = reader.table(_root(reader, text, place).get("nodes"), "nodes")
    return Declaration(nodes=tuple(reader.node(name, nodes[name]) for name in sorted(nodes)))


def read_locked_rules(text: str, place: str = LOCK) -> tuple[LockedRules, ...]:
    """Read the rules files in a lock file's text; raises `CannotCheckError` as `read_lock` does."""
    reader = _LockReader(place)
    files = reader.table(_root(reader, text, place).get("plain", {}), "plain")
    return tuple(reader.rules_file(path, files[path]) for path in sorted(files))


def _root(reader: "_LockReader", text: str, place: str) -> Mapping[str, object]:
    try:
        document = json.loads(text, object_pairs_hook=reader.unique)
    except RecursionError:
        raise CannotCheckError(f"{place} is nested too deeply; write it anew: {RENEW}") from None
    except ValueError as error:
        torn = "\n<<<<<<< " in f"\n{text}"
        what = "has Git conflict markers" if torn else f"is not JSON: {error}"
        raise CannotCheckError(f"{place} {what}; write it anew: {RENEW}") from error
    root = reader.table(document, "the file")
    if root.get("schema") != LOCK_SCHEMA:
        raise CannotCheckError(f"{place} is of another version; write it anew: {RENEW}")
    return root


def _node(node: DeclaredNode) -> dict[str, object]:
    return {
        "hostPubkey": node.host_pubkey,
        "storageMode": node.storage_mode,
        "storage": None if node.storage is None else _place(node.storage),
        "secrets": {secret.id: _secret(secret) for secret in node.secrets},
        "masterIdentities": [
            {"identity": _place(one.identity), "pubkey": one.pubkey}
            for one in node.master_identities
        ],
        "extraEncryptionPubkeys": list(node.extra_recipients),
    }


def _secret(secret: DeclaredSecret) -> dict[str, object]:
    table: dict[str, object] = {
        "name": secret.name,
        "source": _place(secret.source),
        "intermediary": secret.intermediary,
        "generator": None if secret.generator is None else list(secret.generator),
    }
    if secret.generator is not None and secret.dependencies is not None:
        table["dependencies"] = list(map(_place, secret.dependencies))
    return table


def _locked_rules(one: LockedRules) -> dict[str, object]:
    return {
        "files": dict(one.oids),
        "rules": {
            rule.path: {
                "publicKeys": list(rule.recipients),
                "again": list(rule.repeated),
                "armor": rule.armor,
            }
            for rule in one.file.rules
        },
    }


def _place(place: DeclaredPath) -> dict[str, str | None] | str:
    """Return a path as it is, and one outside as a table, so that they cannot be confused."""
    return place.path if place.path is not None else {"outside": place.outside}


class _LockReader:
    """Checks the shape of what was read, and names what is wrong with it."""

    def __init__(self, file: str) -> None:
        self._file = file

    def fail(self, where: str, wanted: str) -> CannotCheckError:
        shown = where if len(where) <= _LONGEST_PLACE else f"{where[:_LONGEST_PLACE]}…"
        return CannotCheckError(f"{self._file}: {shown} is not {wanted}; write it anew: {RENEW}")

    def unique(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        """Refuse a key that stands there twice: two branches added it, and a merge kept both."""
        table: dict[str, object] = {}
        for key, value in pairs:
            self.text(key, "a key")
            if key in table:
                raise self.fail(key, "unique")
            table[key] = value
        return table

    def table(self, value: object, where: str) -> Mapping[str, object]:
        if not isinstance(value, dict):
            raise self.fail(where, "a table")
        return value

    def text(self, value: object, where: str) -> str:
        """Return a text that can be a path, a name or a key: no zero byte, no lone surrogate."""
        if not isinstance(value, str) or "\0" in value:
            raise self.fail(where, "a text")
        try:
            to_bytes(value)
        except UnicodeEncodeError as error:
            raise self.fail(where, "a text") from error
        return value

    def flag(self, value: object, where: str) -> bool:
        if not isinstance(value, bool):
            raise self.fail(where, "true or false")
        return value

    def items(self, value: object, where: str, read: Callable[[object, str], _T]) -> tuple[_T, ...]:
        if not isinstance(value, list):
            raise self.fail(where, "a list")
        return tuple(read(item, where) for item in value)

    def maybe(self, value: object, where: str, read: Callable[[object, str], _T]) -> _T | None:
        return None if value is None else read(value, where)

    def place(self, value: object, where: str) -> DeclaredPath:
        if not isinstance(value, str):
            outside = self.table(value, where).get("outside")
            return DeclaredPath(
                path=None, outside=self.maybe(outside, f"{where}.outside", self.text)
            )
        path = self.text(value, where)
        return DeclaredPath(path=self._inside(path, where) if path else path)

    def master(self, value: object, where: str) -> MasterIdentity:
        table = self.table(value, where)
        return MasterIdentity(
            identity=self.place(table.get("identity"), f"{where}.identity"),
            pubkey=self.maybe(table.get("pubkey"), f"{where}.pubkey", self.text),
        )

    def node(self, name: str, value: object) -> DeclaredNode:
        table = self.table(value, name)
        secrets = self.table(table.get("secrets"), f"{name}.secrets")
        mode = self.text(table.get("storageMode"), f"{name}.storageMode")
        if mode not in MODES:
            raise self.fail(f"{name}.storageMode", f"one of {', '.join(MODES)}")
        storage = self.maybe(table.get("storage"), f"{name}.storage", self.place)
        if storage is None and mode == "local":
            raise self.fail(f"{name}.storage", "a path inside the repository")
        return DeclaredNode(
            name=name,
            host_pubkey=self.text(table.get("hostPubkey"), f"{name}.hostPubkey"),
            storage_mode=mode,
            storage=storage,
            secrets=tuple(self.secret(name, key, secrets[key]) for key in sorted(secrets)),
            master_identities=self.items(
                table.get("masterIdentities"), f"{name}.masterIdentities", self.master
            ),
            extra_recipients=self.items(
                table.get("extraEncryptionPubkeys"), f"{name}.extraEncryptionPubkeys", self.text
            ),
        )

    def secret(self, node: str, key: str, value: object) -> DeclaredSecret:
        where = f"{node}.secrets.{key}"
        table = self.table(value, where)

        def tags(value: object, where: str) -> tuple[str, ...]:
            return self.items(value, where, self.text)

        return DeclaredSecret(
            id=key,
            name=self.text(table.get("name"), f"{where}.name"),
            source=self.place(table.get("source"), f"{where}.source"),
            intermediary=self.flag(table.get("intermediary"), f"{where}.intermediary"),
            generator=self.maybe(table.get("generator"), f"{where}.generator", tags),
            dependencies=self._dependencies(table, where),
        )

    def _dependencies(
        self, table: Mapping[str, object], where: str
    ) -> tuple[DeclaredPath, ...] | None:
        if table.get("generator") is None:
            return ()
        return self.maybe(
            table.get("dependencies"),
            f"{where}.dependencies",
            lambda value, where: self.items(value, where, self.place),
        )

    def rules_file(self, path: str, value: object) -> LockedRules:
        where = f"plain.{path}"
        table = self.table(value, where)
        oids = self.table(table.get("files"), f"{where}.files")
        rules = self.table(table.get("rules"), f"{where}.rules")
        file = RulesFile(
            path=self._inside(path, where),
            rules=tuple(self.rule(f"{where}.rules", one, rules[one]) for one in sorted(rules)),
            read=tuple(sorted(oids)),
            directory=posixpath.dirname(path),
        )
        return LockedRules(
            file,
            {one: self.maybe(oid, f"{where}.files.{one}", self.text) for one, oid in oids.items()},
        )

    def rule(self, where: str, path: str, value: object) -> PlainRule:
        where = f"{where}.{path}"
        table = self.table(value, where)

        def keys(name: str) -> tuple[str, ...]:
            return self.items(table.get(name), f"{where}.{name}", self.text)

        return PlainRule(
            path=self._inside(path, where),
            recipients=keys("publicKeys"),
            armor=self.maybe(table.get("armor"), f"{where}.armor", self.flag),
            repeated=keys("again"),
        )

    def _inside(self, path: str, where: str) -> str:
        first = path.partition("/")[0]
        if not path or posixpath.normpath(path) != path or first in ("", ".", ".."):
            raise self.fail(where, "a path inside the repository")
        return path
