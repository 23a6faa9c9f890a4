"""A repository of plain agenix: rules in `secrets.nix`, every file encrypted for real."""

from collections.abc import Iterator
from pathlib import Path

from agenix_check.keys.encrypt import encrypt
from tests.bench.fleet import Blob, build, new_key

_FORMAT = 1  # of what is built; another number leaves the cached repository of before alone
_ADMINS = 3
_HOSTS = 10


def prepare_plain(cache: Path, rules: int) -> Path:
    """Return a repository with `rules` rules, for three admins and one of ten hosts each.

    It is built once. Its index is that of the one commit; nothing is checked out.
    """
    return build(cache / f"plain-{rules}-{_FORMAT}", [_files(rules)])


def _files(rules: int) -> Iterator[Blob]:
    admins = {f"admin{number}": new_key() for number in range(_ADMINS)}
    hosts = {f"host{number}": new_key() for number in range(_HOSTS)}
    yield "secrets/keys.nix", _keys(admins, hosts).encode()
    lines = []
    for number in range(rules):
        name, host = f"secret-{number:03}.age", f"host{number % _HOSTS}"
        lines.append(f'  "{name}".publicKeys = admins ++ [ keys.hosts.{host} ];\n')
        text = f"{name}: {'*' * (number % 64)}\n"
        yield f"secrets/{name}", encrypt(text.encode(), [*admins.values(), hosts[host]])
    head = "let\n  keys = import ./keys.nix;\n  admins = builtins.attrValues keys.admins;\nin\n"
    yield "secrets/secrets.nix", f"{head}{{\n{''.join(lines)}}}\n".encode()


def _keys(admins: dict[str, str], hosts: dict[str, str]) -> str:
    def entries(keys: dict[str, str]) -> str:
        return "".join(f'    {name} = "{key} root@{name}";\n' for name, key in keys.items())

    return f"{{\n  admins = {{\n{entries(admins)}  }};\n  hosts = {{\n{entries(hosts)}  }};\n}}\n"
