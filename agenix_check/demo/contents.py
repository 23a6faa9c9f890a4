"""Breaks of contents: rekeyed files whose name is right and whose content is not.

agenix-rekey looks at names only: it builds with each of these.
"""

from agenix_check.demo.breaks import Break
from agenix_check.demo.sample_fleet import CI_KEY, DB, TLS, WIFI, SampleFleet, dummy

_FIRST_LINE = b"age-encryption.org/v1\n"


def _dummy(fleet: SampleFleet) -> None:
    text = dummy(DB, "was not rekeyed because --dummy was used")
    fleet.overwrite("alpha", DB, fleet.encrypt(text, "alpha"))


def _failed_decryption(fleet: SampleFleet) -> None:
    text = dummy(CI_KEY, "could not be decrypted")
    fleet.overwrite("gamma", CI_KEY, fleet.encrypt(text, "gamma"))


def _cut_short(fleet: SampleFleet) -> None:
    fleet.overwrite("gamma", TLS, fleet.shop.read(fleet.output("gamma", TLS))[:150])


def _conflict(fleet: SampleFleet) -> None:
    ours, theirs = (fleet.encrypt(DB.plaintext, "beta").removeprefix(_FIRST_LINE) for _ in range(2))
    content = b"<<<<<<< HEAD\n" + ours + b"\n=======\n" + theirs + b"\n>>>>>>> new-password\n"
    fleet.overwrite("beta", DB, _FIRST_LINE + content)


def _track_with_lfs(fleet: SampleFleet) -> None:
    from hashlib import sha256

    content = fleet.shop.read(fleet.output("beta", WIFI))
    fleet.overwrite(
        "beta",
        WIFI,
        "version https://git-lfs.github.com/spec/v1\n"
        f"oid sha256:{sha256(content).hexdigest()}\nsize {len(content)}\n",
    )


def _plain_text(fleet: SampleFleet) -> None:
    fleet.overwrite("alpha", CI_KEY, "# PLACEHOLDER\n")


def _symlink(fleet: SampleFleet) -> None:
    output = fleet.output("alpha", WIFI)
    fleet.shop.remove(output)
    (fleet.shop.top / output).symlink_to("../../secrets/wifi.age")
    fleet.shop.stage(output)


def _wrong_key(fleet: SampleFleet) -> None:
    fleet.overwrite("alpha", DB, fleet.encrypt(DB.plaintext, "beta"))


def _one_more_key(fleet: SampleFleet) -> None:
    fleet.overwrite("alpha", DB, fleet.encrypt(DB.plaintext, "alpha", "gamma"))


def _another_secret(fleet: SampleFleet) -> None:
    fleet.overwrite("alpha", DB, fleet.encrypt(CI_KEY.plaintext, "alpha"))


CONTENTS = (
    Break(
        title="Somebody without the master key ran agenix rekey --dummy",
        act=_dummy,
        rule="output-dummy",
    ),
    Break(
        title="A decryption failed, and somebody answered (d) for a dummy",
        act=_failed_decryption,
        rule="output-dummy",
    ),
    Break(
        title="A full disk cut a file short",
        act=_cut_short,
        rule="output-malformed",
    ),
    Break(
        title="Somebody committed a file with Git's conflict markers in it",
        act=_conflict,
        rule="output-malformed",
    ),
    Break(
        title="Git LFS put a pointer in place of a file",
        act=_track_with_lfs,
        rule="output-lfs",
    ),
    Break(
        title="Somebody put a line of plain text where a file was missing",
        act=_plain_text,
        rule="output-not-encrypted",
    ),
    Break(
        title="Somebody linked an output to its source",
        act=_symlink,
        rule="output-not-encrypted",
    ),
    Break(
        title="Somebody encrypted alpha's file for beta",
        act=_wrong_key,
        rule="output-wrong-recipient",
    ),
    Break(
        title="Somebody let gamma read alpha's file too",
        act=_one_more_key,
        rule="output-extra-recipient",
    ),
    Break(
        title="Somebody encrypted another secret under the name of this one",
        act=_another_secret,
        rule="output-length",
    ),
)
