"""Texts that stand where a host's public key belongs, and that age cannot use."""

from tests.host_keys import ALPHA

_POINT = (
    "AAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w"
    "0WZ2YB/++Tpockg="
)

UNUSABLE = {
    "ecdsa": f"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY{_POINT} root@alpha\n",
    "sk-ssh": (
        "sk-ssh-ed25519@openssh.com "
        "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIByrddUt6pQ02kKWsrjq/TcXFFfJgJqdqm0xJ0Nr/3zg"
        "AAAABHNzaDo= root@alpha\n"
    ),
    "certificate": (
        "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIDpX"
        " root@alpha\n"
    ),
    "text": "to be filled in\n",
    "ssh-keyscan": f"alpha.lan {' '.join(ALPHA.split()[:2])}\n",
    "two keys": ALPHA + ALPHA.replace("root@alpha", "root@other"),
    "comment line": f"# the key of alpha\n{ALPHA}",
    "blank before": f" {ALPHA}",
    "typing error": ALPHA.replace("Byrdd", "Byrda"),  # no point of the curve
}

# How a command begins that names files from the top of the repository.
TOP = 'cd "$(git rev-parse --show-toplevel)"'
