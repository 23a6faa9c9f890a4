"""Breaks of plain agenix: what `agenix` itself does not notice."""

from agenix_check.demo.breaks import Break
from agenix_check.demo.plain_sample import ADMINS, READERS_OF, PlainSample


def _join(sample: PlainSample) -> None:
    sample.rule((*ADMINS, "carol"))
    sample.encrypt("db.age", (*ADMINS, "carol"))


def _rekey_for_all(sample: PlainSample) -> None:
    for path in READERS_OF:
        sample.encrypt(path, (*ADMINS, "carol"))


def _leave(sample: PlainSample) -> None:
    sample.rule(("alice",))


def _plain_text(sample: PlainSample) -> None:
    sample.shop.stage(sample.shop.write("wifi.age", "correct horse battery staple\n"))


def _lost_file(sample: PlainSample) -> None:
    sample.shop.remove("mail.age")
    sample.shop.stage("mail.age")


PLAIN_BREAKS = (
    Break(
        title="Carol was added to secrets.nix, and one file of three was rekeyed",
        act=_join,
        rule="plain-missing-recipient",
        fix=_rekey_for_all,
    ),
    Break(
        title="Bob left: he was taken out of secrets.nix, and nothing was rekeyed",
        act=_leave,
        rule="plain-unknown-recipient",
    ),
    Break(
        title="Somebody saved wifi.age in plain text",
        act=_plain_text,
        rule="source-not-encrypted",
    ),
    Break(
        title="Somebody deleted mail.age, and left its rule",
        act=_lost_file,
        rule="plain-missing-file",
    ),
)
