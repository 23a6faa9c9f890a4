"""A sample of plain agenix: two people, three hosts, and the `secrets.nix` that rules them."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path

from agenix_check.demo.sample_fleet import KEYS
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt

# Public keys whose private halves were thrown away, but for Alice's, which opens nothing else.
PEOPLE = {
    "alice": "ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAIE85qwu8hbih7m8xtBGWRh+3ENIXWSFGwVunHg8EYFtp alice@laptop",
    "bob": "ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAIH88NhSTvWI1GXA6A6Ytc5Vx8xWrFLUgQeTjIPtaaeX+ bob@laptop",
    "carol": "ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAICzlDG/QJY04svvgKsqQLQRlf7gPqEE/XXpzvGpqXLGt carol@laptop",
}
_ALICES_SEED = "aca41738550d04bbdfc55cdf046f8b033383658a3423303fa0b25903a9b6f527"
HOSTS = {host: KEYS[host].strip() for host in ("alpha", "beta", "gamma")}
ADMINS = ("alice", "bob")

# Which hosts read a file; the admins read all.
READERS_OF = {"db.age": ("alpha",), "mail.age": ("beta", "gamma"), "wifi.age": tuple(HOSTS)}


class PlainSample:
    """The sample in a repository of its own, with what people do to such a one."""

    def __init__(self, top: Path) -> None:
        self.shop = Workshop(top)

    def build(self) -> None:
        """Write the rules and the files, and commit them."""
        self.rule(ADMINS)
        for path in READERS_OF:
            self.encrypt(path, ADMINS)
        self.shop.commit("Add the secrets")

    def rule(self, admins: Iterable[str], without: str | None = None) -> None:
        """Write `secrets.nix` for some admins, and stage it."""
        named = tuple(admins)
        keys = _bindings({**{one: PEOPLE[one] for one in named}, **HOSTS})
        rules = "".join(
            f'  "{path}".publicKeys = admins ++ [ {" ".join(hosts)} ];\n'
            for path, hosts in READERS_OF.items()
            if path != without
        )
        text = f"let\n{keys}  admins = [ {' '.join(named)} ];\nin\n{{\n{rules}}}\n"
        self.shop.stage(self.shop.write("secrets.nix", text))

    def encrypt(self, path: str, admins: Iterable[str]) -> None:
        """Encrypt a file for some admins and its hosts, and stage it."""
        keys = [PEOPLE[one] for one in admins] + [HOSTS[one] for one in READERS_OF[path]]
        self.shop.stage(self.shop.write(path, encrypt(f"of {path}\n".encode(), keys)))

    def restore(self) -> None:
        """Take everything back to what was committed."""
        self.shop.restore()


def alices_identity() -> str:
    """Return Alice's private key, as OpenSSH writes one (its PROTOCOL.key)."""
    public = b64decode(PEOPLE["alice"].split()[1])
    private = bytes(8) + public + _fields(bytes.fromhex(_ALICES_SEED) + public[-32:], b"")
    private += bytes(range(1, 1 + -len(private) % 8))
    head = b"openssh-key-v1\0" + _fields(b"none", b"none", b"") + (1).to_bytes(4)
    text = b64encode(head + _fields(public, private)).decode()
    kind = "OPENSSH PRIVATE KEY"
    return f"-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n"


def _fields(*texts: bytes) -> bytes:
    return b"".join(len(text).to_bytes(4) + text for text in texts)


def _bindings(keys: Mapping[str, str]) -> str:
    return "".join(f'  {name} = "{key}";\n' for name, key in keys.items())
