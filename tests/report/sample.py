"""Reports made by hand, as a fleet in trouble would give them."""

from agenix_check.model.access import Readable, Reader, ReaderKind, Shown
from agenix_check.model.findings import (
    Cause,
    CauseKind,
    Counts,
    FileKind,
    Finding,
    Fix,
    FleetInfo,
    JudgedFile,
    Report,
    Severity,
    SnapshotInfo,
    Verdict,
)
from agenix_check.model.frozen import replace

# A terminal sequence, a line break, a right-to-left override, markup, and a byte that is not UTF-8.
HOSTILE = 'evil\x1b[31m\n\u202e<b>&"]]>::%0A\udcff'

_INDEX = SnapshotInfo(kind="index", tree="5f" * 20, commit=None, base="ba5e" * 10)

SOURCE_EDIT = Cause(
    kind=CauseKind.SOURCE_CHANGED, path="secrets/db.age", commit="1a2b3c4d5e6f7a8b9c0d" * 2
)
KEY_EDIT = Cause(kind=CauseKind.KEY_TEXT_CHANGED, path="hosts/beta/host.pub")


def output(
    node: str,
    secret: str,
    verdict: Verdict = Verdict.OK,
    *rules: str,
    reason: str | None = None,
) -> JudgedFile:
    return JudgedFile(
        kind=FileKind.OUTPUT,
        group=node,
        name=secret,
        source=f"secrets/{secret}.age",
        path=path_of(node, secret),
        verdict=verdict,
        rules=rules,
        reason=reason,
    )


def path_of(node: str, secret: str) -> str:
    ident = f"{len(node):02x}{len(secret):02x}" + "c0ffee" * 4 + "0000"
    return f"secrets/rekeyed/{node.rpartition(':')[2].rpartition('/')[2]}/{ident}-{secret}.age"


def finding(
    rule: str,
    node: str | None = None,
    secret: str | None = None,
    *,
    severity: Severity = Severity.ERROR,
    message: str = "it is not as it should be",
    path: str | None = None,
    new: bool = True,
    cause: Cause | None = None,
    mend: str | None = None,
) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        node=node,
        secret=secret,
        path=path or (path_of(node, secret) if node and secret else None),
        source=f"secrets/{secret}.age" if secret else None,
        message=message,
        new=new,
        cause=cause,
        mend=mend,
    )


def report(
    *outputs: JudgedFile,
    findings: tuple[Finding, ...] = (),
    ignored: int = 0,
    names: bool = False,
    incomplete: tuple[str, ...] = (),
    skipped: tuple[str, ...] = (),
    fixed: tuple[Fix, ...] = (),
) -> Report:
    """Build a report whose counts are right."""

    def verdicts(verdict: Verdict) -> int:
        return sum(o.verdict is verdict for o in outputs)

    def severities(severity: Severity) -> int:
        return sum(f.severity is severity for f in findings)

    return Report(
        snapshot=_INDEX,
        fleet=FleetInfo(
            inventory="names" if names else "nix",
            complete=not names,
            nodes=len({o.node for o in outputs}),
            secrets=len({o.secret for o in outputs}),
        ),
        counts=Counts(
            outputs=len(outputs),
            ok=verdicts(Verdict.OK),
            wrong=verdicts(Verdict.WRONG),
            unverifiable=verdicts(Verdict.UNVERIFIABLE),
            skipped=verdicts(Verdict.SKIPPED),
            errors=severities(Severity.ERROR),
            warnings=severities(Severity.WARNING),
            notes=severities(Severity.NOTE),
            ignored=ignored,
        ),
        files=outputs,
        findings=findings,
        incomplete=incomplete,
        skipped=skipped,
        fixed=fixed,
    )


ALPHA, BETA, GAMMA, GONE = "nixos:alpha", "nixos:beta", "host-nixos:alpha-user-bob", "nixos:gone"

GREEN = report(*(output(node, secret) for node in (ALPHA, BETA) for secret in ("db", "wifi")))

_STALE = "made from another version of its source"
_REKEY = "agenix-check --fix"

TROUBLE = report(
    output(ALPHA, "db", Verdict.WRONG, "output-stale"),
    output(ALPHA, "wifi"),
    output(ALPHA, "backup/key", Verdict.WRONG, "output-wrong-recipient", "output-length"),
    output(ALPHA, HOSTILE, Verdict.WRONG, "output-malformed"),
    output(BETA, "db", Verdict.WRONG, "output-stale"),
    output(BETA, "wifi", Verdict.WRONG, "output-stale"),
    output(BETA, "mail", Verdict.OK, "output-lfs"),
    output(GAMMA, "db", Verdict.WRONG, "output-stale"),
    output(GAMMA, "token", Verdict.UNVERIFIABLE, reason="anonymous recipients"),
    output(GAMMA, "intermediary", Verdict.SKIPPED, reason="intermediary secrets have no output"),
    findings=(
        finding("source-unused", severity=Severity.NOTE, path="secrets/old.age", message="unused"),
        finding("output-stale", BETA, "db", message=_STALE, cause=SOURCE_EDIT, mend=_REKEY),
        finding("output-stale", ALPHA, "db", message=_STALE, cause=SOURCE_EDIT, mend=_REKEY),
        finding("output-stale", GAMMA, "db", message=_STALE, cause=SOURCE_EDIT, mend=_REKEY),
        finding(
            "output-stale",
            BETA,
            "wifi",
            message="made for the same key with another comment",
            cause=KEY_EDIT,
            mend=_REKEY,
        ),
        finding(
            "output-wrong-recipient",
            ALPHA,
            "backup/key",
            message="addressed to the key of nixos:beta (hosts/beta/host.pub)",
            mend="agenix-check --fix",
        ),
        finding(
            "output-length",
            ALPHA,
            "backup/key",
            message="holds 12 bytes, its source holds 4096",
            mend="agenix-check --fix",
        ),
        finding(
            "output-malformed",
            ALPHA,
            HOSTILE,
            message=f"{HOSTILE}: conflict markers at offset 21",
            mend="agenix-check --fix",
        ),
        finding(
            "output-lfs",
            BETA,
            "mail",
            severity=Severity.WARNING,
            message="a Git LFS pointer: its content cannot be checked",
            new=False,
        ),
        *(
            finding(
                "output-orphan",
                GONE,
                secret,
                severity=Severity.WARNING,
                message="no node accounts for this file",
                new=False,
                mend=f"git rm -- :/{path_of(GONE, secret)}",
            )
            for secret in ("db", "mail", "vpn", "wifi")
        ),
        finding(
            "private-key",
            path="hosts/beta/ssh_host_ed25519_key",
            message="an OpenSSH private key without a passphrase",
            mend="git rm --cached -- :/hosts/beta/ssh_host_ed25519_key",
        ),
        finding(
            "output-missing",
            GAMMA,
            "dropped",
            severity=Severity.NOTE,
            message="its source and key are still there",
        ),
    ),
    ignored=2,
    incomplete=("secrets/merge.age is not merged",),
    skipped=("vendor/other is a submodule",),
)

TROUBLE = replace(
    TROUBLE,
    readers=(
        Reader(
            ReaderKind.NODE, ALPHA, "ssh-ed25519 AAAA", "SHA256:abc", "hosts/alpha/host.pub",
            (
                Readable("secrets/db.age", Shown.ADDRESSED),
                Readable("secrets/wifi.age", Shown.ADDRESSED),
            ),
        ),
        Reader(
            ReaderKind.UNKNOWN, HOSTILE, None, None, None,
            (Readable("secrets/wifi.age", Shown.ANONYMOUS),),
        ),
    ),
)  # fmt: skip

_DIRECTORIES = ("secrets/rekeyed/alpha", "secrets/rekeyed/beta")

NAMES = report(
    *(output(node, s) for node in _DIRECTORIES for s in ("db", "wifi")),
    findings=(
        finding(
            "output-orphan",
            _DIRECTORIES[0],
            "old",
            severity=Severity.WARNING,
            message="made from secrets/old.age, which this change deletes",
            cause=Cause(kind=CauseKind.SOURCE_DELETED, path="secrets/old.age"),
            mend=f"git rm -- :/{path_of(_DIRECTORIES[0], 'old')}",
        ),
    ),
    names=True,
)

MENDED = replace(
    GREEN,
    fixed=(
        Fix(action="rekeyed", path=path_of(ALPHA, "db"), node=ALPHA, secret="db"),
        Fix(action="removed", path="secrets/rekeyed/alpha/dead-db.age", node=ALPHA),
    ),
)

_RULES = "plain/secrets.nix"


def plain(name: str, verdict: Verdict, *rules: str, rules_file: str = _RULES) -> JudgedFile:
    path = f"plain/{name}.age"
    return JudgedFile(FileKind.PLAIN, rules_file, path, None, path, verdict, rules)


PLAIN_AGENIX = replace(
    report(
        findings=(
            finding(
                "plain-missing-recipient",
                path="plain/wifi.age",
                message=f"cannot be read by ssh-ed25519 …2nh+Te of {_RULES}",
                mend="agenix-check --fix",
            ),
            finding(
                "plain-missing-recipient",
                path="plain/wifi.age",
                message="cannot be read by ssh-rsa …5h3VVg of more/secrets.nix",
                mend="agenix-check --fix",
            ),
            finding(
                "plain-missing-file",
                severity=Severity.WARNING,
                path="plain/gone.age",
                message=f"{_RULES} has a rule for it, but it is not in the tree",
                mend='cd "$(git rev-parse --show-toplevel)"/plain && agenix -e gone.age',
            ),
        ),
    ),
    files=(
        plain("db", Verdict.OK),
        plain("gone", Verdict.SKIPPED, "plain-missing-file"),
        plain("home", Verdict.UNVERIFIABLE)._replace(reason="recipients of anonymous types"),
        plain("wifi", Verdict.WRONG, "plain-missing-recipient"),
        plain("wifi", Verdict.WRONG, "plain-missing-recipient", rules_file="more/secrets.nix"),
    ),
)
PLAIN_AGENIX = replace(PLAIN_AGENIX, fleet=replace(PLAIN_AGENIX.fleet, nodes=0, plain=5))

ALL = {
    "green": GREEN, "trouble": TROUBLE, "names": NAMES, "mended": MENDED, "plain": PLAIN_AGENIX,
}  # fmt: skip
