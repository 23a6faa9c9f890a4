"""Fleets with a long history, streamed into Git as one pack."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from agenix_check.discover.tree.key_texts import digest
from agenix_check.discover.tree.naming import ident
from agenix_check.keys.encrypt import encrypt, new_identity
from tests.bench.fleet import Blob, Edit, build, git, new_key

_FORMAT = 1  # of what is built; another number leaves the cached histories of before alone
_HOSTS = 20
_MODULES = 200  # files that commits edit, beside keys and secrets
_OFTEN = 30  # commits from one that brings an output to the next
_SECRETS = 20
_RENEWED = 20  # commits from one that re-encrypts a secret for all hosts to the next
_REPLACED = 100  # commits from one in which a host makes way for another to the next


def prepare_history(cache: Path, commits: int, orphans: int) -> Path:
    """Return a repository with a line of commits on which outputs were left behind.

    Its branch `clean` is `main` without these. Each was made from a version of its source that a
    later commit replaced; many commits have brought other outputs since.
    """
    return build(cache / f"history-{commits}x{orphans}-{_FORMAT}", _line(commits, orphans), _finish)


def _finish(top: Path) -> None:
    git(top, "branch", "clean")
    paths = git(top, "ls-tree", "-r", "--name-only", "HEAD").decode().splitlines()
    left = [path for path in paths if path.endswith("-left.age")]
    git(top, "read-tree", "HEAD")
    git(top, "rm", "--quiet", "--cached", *left)
    tree = git(top, "write-tree").decode().strip()
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    commit = git(top, *who, "commit-tree", "-p", "HEAD", "-m", "Remove them", tree)
    git(top, "update-ref", "refs/heads/clean", commit.decode().strip())


def _line(commits: int, orphans: int) -> Iterator[Iterable[Blob]]:
    """Give the files that each commit writes."""
    _, master = new_identity()
    keys = {f"node-{number:02}": f"{new_key()} root@node\n" for number in range(_HOSTS)}
    first: list[Blob] = [(f"hosts/{host}/host.pub", key.encode()) for host, key in keys.items()]
    for number in range(orphans):
        source = encrypt(b"old\n", [master])
        first.append((f"secrets/s{number}.age", source))
        first.append(_output(keys, number, source, f"s{number}-left"))
    yield first
    apart = max(commits // (orphans + 1), 1)
    for number in range(1, commits):
        path = f"modules/m{number % _MODULES}.nix"
        files: list[Blob] = [(path, b"{ services.thing = %d; }\n" % number)]
        if number % apart == 0 and number // apart <= orphans:
            files.append((f"secrets/s{number // apart - 1}.age", encrypt(b"new\n", [master])))
        elif number % _OFTEN == 0:
            source = encrypt(b"another\n", [master])
            files.append((f"secrets/n{number}.age", source))
            files.append(_output(keys, number, source, f"n{number}"))
        yield files


def _output(keys: dict[str, str], number: int, source: bytes, name: str) -> Blob:
    host, key = list(keys.items())[number % len(keys)]
    made = ident(digest(key), sha256(source).hexdigest())
    return f"secrets/rekeyed/{host}/{made}-{name}.age", encrypt(b"another\n", [key])


def prepare_leavers(cache: Path, commits: int) -> Path:
    """Return a repository with a line of commits in which hosts come and go.

    Each secret is re-encrypted for all hosts every now and then.
    """
    return build(cache / f"leavers-{commits}-{_FORMAT}", _leaving(commits))


def _leaving(commits: int) -> Iterator[Iterable[Edit]]:
    """Give the files that each commit edits."""
    _, master = new_identity()
    keys = {f"node-{number:03}": f"{new_key()} root@node\n" for number in range(_HOSTS)}
    outputs: dict[tuple[str, str], str] = {}  # the path of each, by host and secret
    sources: dict[str, bytes] = {}

    def rekey(host: str, name: str) -> Iterator[Edit]:
        old = outputs.pop((host, name), None)
        if old is not None:
            yield old, None
        made = ident(digest(keys[host]), sha256(sources[name]).hexdigest())
        path = outputs[host, name] = f"secrets/rekeyed/{host}/{made}-{name}.age"
        yield path, encrypt(name.encode(), [keys[host]])

    def renew(name: str) -> Iterator[Edit]:
        sources[name] = encrypt(name.encode(), [master])
        yield f"secrets/{name}.age", sources[name]
        for host in keys:
            yield from rekey(host, name)

    def replace(number: int) -> Iterator[Edit]:
        leaver = next(iter(keys))
        del keys[leaver]
        yield f"hosts/{leaver}/host.pub", None
        for host, name in [one for one in outputs if one[0] == leaver]:
            yield outputs.pop((host, name)), None
        comer = f"node-{_HOSTS + number // _REPLACED:03}"
        keys[comer] = f"{new_key()} root@node\n"
        yield f"hosts/{comer}/host.pub", keys[comer].encode()
        for name in sources:
            yield from rekey(comer, name)

    first: list[Edit] = [(f"hosts/{host}/host.pub", key.encode()) for host, key in keys.items()]
    yield [*first, *(edit for number in range(_SECRETS) for edit in renew(f"s{number}"))]
    for number in range(1, commits):
        if number % _REPLACED == 0:
            yield replace(number)
        elif number % _RENEWED == 0:
            yield renew(f"s{number // _RENEWED % _SECRETS}")
        else:
            text = b"{ services.thing = %d; }\n" % number
            yield [(f"modules/m{number % _MODULES}.nix", text)]
