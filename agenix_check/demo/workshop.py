"""A repository with a small fleet: sources, keys and outputs made as agenix-rekey makes them."""

from hashlib import sha256
from pathlib import Path

from agenix_check.discover.tree.key_texts import digest
from agenix_check.discover.tree.naming import ident, output_path
from agenix_check.git.process import Git
from agenix_check.keys.encrypt import encrypt, new_identity

_AUTHOR = {
    "GIT_AUTHOR_NAME": "demo",
    "GIT_AUTHOR_EMAIL": "demo@example.org",
    "GIT_COMMITTER_NAME": "demo",
    "GIT_COMMITTER_EMAIL": "demo@example.org",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


class Workshop:
    """A fleet in a new repository at `top`; every file is encrypted for real.

    A node's key is in `hosts/NODE/host.pub`, its outputs are in `STORAGE/NODE/`.
    """

    def __init__(
        self, top: Path, *, object_format: str = "sha1", storage: str = "secrets/rekeyed"
    ) -> None:
        top.mkdir(parents=True, exist_ok=True)
        self.top = top
        self.storage = storage
        self.git = Git(str(top), _AUTHOR)
        self.git.run("init", "--quiet", "-b", "main", f"--object-format={object_format}")
        self.identity, self.master = new_identity()

    def write(self, path: str, content: bytes | str) -> str:
        """Write a file, its directories too, and return its path."""
        file = self.top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def read(self, path: str) -> bytes:
        """Return a file's content."""
        return (self.top / path).read_bytes()

    def remove(self, path: str) -> None:
        """Delete a file."""
        (self.top / path).unlink()

    def source(self, path: str, plaintext: bytes | str) -> str:
        """Write a source, encrypted to the master recipient, and return its path."""
        content = plaintext.encode() if isinstance(plaintext, str) else plaintext
        return self.write(path, encrypt(content, [self.master]))

    def host(self, node: str, key: str) -> str:
        """Write a node's key text as it is, and return the path."""
        return self.write(key_path(node), key)

    def output_path(self, node: str, secret: str, source: str, key: str | None = None) -> str:
        """Return where the output of a node and secret belongs, by the files as they are."""
        text = self.read(key_path(node)).decode() if key is None else key
        made = ident(digest(text), sha256(self.read(source)).hexdigest())
        return output_path(f"{self.storage}/{node}", made, secret)

    def rekey(
        self,
        node: str,
        secret: str,
        source: str,
        plaintext: bytes | str,
        *,
        key: str | None = None,
    ) -> str:
        """Write the output of a node and secret, and return its path.

        `key` is the node's key text if it is not the one in its file.
        """
        text = self.read(key_path(node)).decode() if key is None else key
        content = plaintext.encode() if isinstance(plaintext, str) else plaintext
        return self.write(self.output_path(node, secret, source, text), encrypt(content, [text]))

    def stage(self, *paths: str) -> None:
        """Stage paths, or everything; also ignored files if they are named."""
        self.git.run("add", "--all", *(("-f", "--", *paths) if paths else ()))

    def restore(self) -> None:
        """Take the index and the work tree back to the last commit."""
        self.git.run("reset", "--quiet", "--hard")
        self.git.run("clean", "--quiet", "-ffdx")

    def commit(self, message: str) -> str:
        """Stage everything, commit it, and return the commit's object id."""
        self.stage()
        self.git.run("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git.run("rev-parse", "HEAD").decode().strip()


def key_path(node: str) -> str:
    """Return where a node's key is."""
    return f"hosts/{node}/host.pub"
