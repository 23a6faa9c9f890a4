"""Remove private keys given in place of public ones, before anything is kept or printed."""

import re
from dataclasses import replace

from agenix_check.model.declaration import (
    WITHHELD,
    Declaration,
    DeclaredNode,
    FailedNode,
    MasterIdentity,
    PlainRule,
    RulesFile,
)

_AGE_IDENTITY = re.compile(r"AGE-SECRET-KEY-[0-9A-Z-]*", re.IGNORECASE)
_PEM_TO_THE_END = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*", re.DOTALL)


def withhold(declaration: Declaration) -> Declaration:
    """Return a declaration with `WITHHELD` in place of every text that holds a private key."""
    return replace(
        declaration,
        nodes=tuple(map(_node, declaration.nodes)),
        failed=tuple(
            FailedNode(name=node.name, message=_without(node.message))
            for node in declaration.failed
        ),
    )


def withhold_rules(file: RulesFile) -> RulesFile:
    """Return a rules file with `WITHHELD` in place of every private key."""
    return replace(
        file,
        rules=tuple(map(_rule, file.rules)),
        failure=None if file.failure is None else _without(file.failure),
    )


def _node(node: DeclaredNode) -> DeclaredNode:
    masters = tuple(map(_master, node.master_identities))
    extra = tuple(map(_public, node.extra_recipients))
    key = _public(node.host_pubkey)
    if (key, masters, extra) == (node.host_pubkey, node.master_identities, node.extra_recipients):
        return node
    return replace(node, host_pubkey=key, master_identities=masters, extra_recipients=extra)


def _master(one: MasterIdentity) -> MasterIdentity:
    if one.pubkey is None or _public(one.pubkey) == one.pubkey:
        return one
    return replace(one, pubkey=WITHHELD)


def _rule(rule: PlainRule) -> PlainRule:
    public = tuple(dict.fromkeys(map(_public, rule.recipients)))
    if public == rule.recipients:
        return rule
    origins = {_public(text): rule.origin(text) for text in rule.recipients}
    return replace(
        rule,
        recipients=public,
        repeated=tuple(map(_public, rule.repeated)),
        origins=tuple(origins[text] for text in public),
    )


def _public(text: str) -> str:
    return WITHHELD if _AGE_IDENTITY.search(text) or _PEM_TO_THE_END.search(text) else text


def _without(message: str) -> str:
    return _PEM_TO_THE_END.sub(WITHHELD, _AGE_IDENTITY.sub(WITHHELD, message))
