"""Remove private keys given in place of public ones, before anything is kept or printed."""

import re
from collections.abc import Sequence

from agenix_check.age import recipient_or_none
from agenix_check.model.declaration import (
    WITHHELD,
    WITHHELD_TEXT,
    Declaration,
    DeclaredNode,
    FailedNode,
    KeyOrigin,
    MasterIdentity,
    PlainRule,
    RulesFile,
)
from agenix_check.model.frozen import replace

_AGE_IDENTITY = re.compile(r"AGE-SECRET-KEY-[0-9A-Z-]*", re.IGNORECASE)
_PEM_TO_THE_END = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*", re.DOTALL)
# What a file with a private key has a line of: rules often list the lines of a file, one by one.
_OF_A_PRIVATE_KEY = re.compile(
    r"AGE-SECRET-KEY-|-----(?:BEGIN|END) [A-Z ]*PRIVATE KEY-----|b3BlbnNzaC1rZXktdjE", re.IGNORECASE
)
_OF_A_PUBLIC_KEY = re.compile(r"(?<!\S)(?:ssh-|age1|ecdsa-|sk-)")
_SHORT = 12  # characters, that are of no use to anybody


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
    extra = _publics(node.extra_recipients)
    key = _public(node.host_pubkey)
    if (key, masters, extra) == (node.host_pubkey, node.master_identities, node.extra_recipients):
        return node
    return replace(node, host_pubkey=key, master_identities=masters, extra_recipients=extra)


def _master(one: MasterIdentity) -> MasterIdentity:
    if one.pubkey is None or _public(one.pubkey) == one.pubkey:
        return one
    return replace(one, pubkey=WITHHELD)


def _rule(rule: PlainRule) -> PlainRule:
    shown = dict(zip(rule.recipients, _publics(rule.recipients), strict=True))
    if all(text == public for text, public in shown.items()):
        return rule
    origins: dict[str, KeyOrigin | None] = {}
    for text, public in shown.items():
        origins.setdefault(public, rule.origin(text))
    return replace(
        rule,
        recipients=tuple(origins),
        repeated=tuple(shown[text] for text in rule.repeated),
        origins=tuple(origins.values()),
    )


def _publics(texts: Sequence[str]) -> tuple[str, ...]:
    """Return a list without private keys: where one text is of such a key, all but public keys.

    A text without the type of a public key may be of a private one too, and is not kept.
    """
    secret = any(map(_OF_A_PRIVATE_KEY.search, texts))
    return tuple(
        text if recipient_or_none(text) is not None
        else WITHHELD if secret
        else text if len(text) <= _SHORT or _OF_A_PUBLIC_KEY.search(text)
        else WITHHELD_TEXT.format(len(text))
        for text in texts
    )  # fmt: skip


def _public(text: str) -> str:
    return WITHHELD if _OF_A_PRIVATE_KEY.search(text) else text


def _without(message: str) -> str:
    return _PEM_TO_THE_END.sub(WITHHELD, _AGE_IDENTITY.sub(WITHHELD, message))
