"""Take the pictures of the page that README shows: `make screenshot`.

A fleet of thirty hosts with real keys and real encryption, and three things that people do to one.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from agenix_check.demo.isolation import plain_git
from agenix_check.demo.workshop import Workshop
from agenix_check.gate import check
from agenix_check.git.repository import open_repository
from agenix_check.keys.encrypt import encrypt, new_identity
from agenix_check.model.findings import Report
from agenix_check.model.settings import InventoryChoice, Settings
from tests.browser.window import Window, start_browser

_DOCS = Path(__file__).parents[2] / "docs"
_SIZE = (1440, 2010)
_KINDS = {
    "web": 6,
    "db": 3,
    "mail": 2,
    "dns": 2,
    "ci": 4,
    "git": 1,
    "vpn": 2,
    "backup": 2,
    "mon": 2,
}
_LAPTOPS = ("ada", "bob", "eve")
_HOMES = ("nas", "pi", "printer")
_HOSTS = (
    *(f"{kind}{number}" for kind, all_ in _KINDS.items() for number in range(1, all_ + 1)),
    *_LAPTOPS,
    *_HOMES,
)
# Each secret, and what the names of the hosts that have it begin with.
_SECRETS = {
    "acme": ("web", "mail", "git", "mon"),
    "backup/repository": ("db", "mail", "git", "backup", "nas"),
    "ci/cache-key": ("ci", "git"),
    "ci/deploy-key": ("ci",),
    "db/app": ("web", "db"),
    "db/replication": ("db",),
    "dkim": ("mail",),
    "dns/transfer": ("dns",),
    "git/token": ("git", "ci"),
    "grafana": ("mon",),
    "ldap": ("web", "mail", "git", "mon"),
    "mail/relay": _HOSTS,
    "nix/netrc": ("ci", *_LAPTOPS),
    "restic": ("db", "mail", "git", "web", "nas", "mon"),
    "root-password": _HOSTS,
    "session-key": ("web",),
    "smb": ("nas", "printer"),
    "vpn/private-key": ("vpn", *_LAPTOPS),
    "wifi": (*_LAPTOPS, *_HOMES),
}
_EDITED = "db/replication"
_INSTALLED_ANEW = "dns1"
_SHARED = "session-key", "web2", "web3"


def main() -> None:
    """Write `docs/page-light.png` and `docs/page-dark.png`."""
    _DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="agenix-check-screenshot-") as scratch:
        report = _break(Path(scratch, "fleet"))
        driver = start_browser(Path(scratch, "browser"))
        try:
            window = Window(driver, Path(scratch))
            driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
            for scheme in ("light", "dark"):
                window.show(report, size=_SIZE, scheme=scheme)
                window.cell("rekeyed/db1", _EDITED).click()
                window.run("scrollTo(0, 0); document.activeElement.blur()")
                window.settle()
                file = _DOCS / f"page-{scheme}.png"
                driver.save_screenshot(str(file))
                sys.stdout.write(f"{file.relative_to(_DOCS.parent)}: {file.stat().st_size} bytes\n")
        finally:
            driver.quit()


def _break(top: Path) -> Report:
    with plain_git():
        shop = Workshop(top, storage="rekeyed")
        for host in _HOSTS:
            shop.host(host, _make_key(host))
        for secret, begins in _SECRETS.items():
            shop.source(_source(secret), f"of {secret}\n")
            for host in _HOSTS:
                if host.startswith(begins):
                    shop.rekey(host, secret, _source(secret), f"of {secret}\n")
        shop.git.run("remote", "add", "origin", "https://github.com/example/fleet.git")
        shop.commit("Let printer send mail")
        shop.source(_source(_EDITED), "another\n")
        shop.host(_INSTALLED_ANEW, _make_key(_INSTALLED_ANEW))
        secret, host, other = _SHARED
        keys = [shop.read(f"hosts/{one}/host.pub").decode() for one in (host, other)]
        output = shop.output_path(host, secret, _source(secret))
        shop.write(output, encrypt(f"of {secret}\n".encode(), keys))
        shop.stage()
        settings = Settings(inventory=InventoryChoice.NAMES)
        return check(open_repository(top), settings, details=True)


def _source(secret: str) -> str:
    return f"secrets/{secret}.age"


def _make_key(host: str) -> str:
    """Return a new public key: an age key for a laptop, for whose files nobody sees an owner."""
    if host in _LAPTOPS:
        return f"{new_identity()[1]}\n"
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "key")
        command = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"root@{host}", "-f", file)
        subprocess.run(command, check=True)
        return file.with_suffix(".pub").read_text("ascii")


if __name__ == "__main__":
    main()
