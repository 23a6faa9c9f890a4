"""A sample of plain agenix: two people, three hosts, and the `secrets.nix` that rules them."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from agenix_check.demo.sample_fleet import KEYS
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt

# Public keys whose private halves were thrown away.
PEOPLE = {
    "alice": "ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAIL4CO+eyS7S4PAf2+hHag8ebzzMabZnS7AOpVIuqjq/P alice@laptop",
    "bob": "ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAIH88NhSTvWI1GXA6A6Ytc5Vx8xWrFLUgQeTjIPtaaeX+ bob@laptop",
    "carol": "ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAICzlDG/QJY04svvgKsqQLQRlf7gPqEE/XXpzvGpqXLGt carol@laptop",
}
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


def _bindings(keys: Mapping[str, str]) -> str:
    return "".join(f'  {name} = "{key}";\n' for name, key in keys.items())
