"""The rules about nodes: their keys and their storage, and private keys in the tree."""

from agenix_check.model.findings import Severity
from agenix_check.rules.rule import About, Rule

NODES: tuple[Rule, ...] = (
    Rule(
        id="node-invalid-key",
        severity=Severity.ERROR,
        title="a node's public key is no single valid recipient",
        meaning="""
            `age.rekey.hostPubkey` has to be one SSH or age public key. This one is cut, holds
            several keys, or carries something besides, such as the host name that ssh-keyscan
            prints in front.
            """,
        why="""
            Nothing can be encrypted for this node, or not for the key that you mean. agenix-rekey
            ends with status 0 all the same.
            """,
        mend="""
            Copy the key from the host, one line and nothing else, then rekey:

                ssh HOST cat /etc/ssh/ssh_host_ed25519_key.pub
                agenix-check --fix
            """,
        about=About.KEY,
    ),
    Rule(
        id="node-placeholder-key",
        severity=Severity.WARNING,
        title="a node still has agenix-rekey's placeholder for a key",
        meaning="""
            The public key of the node is the placeholder that stands in until the host is installed
            and has a key of its own, or one of its outputs is addressed to that placeholder.
            """,
        why="""
            Nobody has the private key for it. The host builds and boots, and cannot decrypt a
            single secret.
            """,
        mend="""
            Once the host is installed, set `age.rekey.hostPubkey` to its key, then rekey:

                ssh HOST cat /etc/ssh/ssh_host_ed25519_key.pub
                agenix-check --fix
            """,
        about=About.KEY,
    ),
    Rule(
        id="node-key-path",
        severity=Severity.WARNING,
        title="a node's public key is given as the path of a file outside the flake",
        meaning="""
            `age.rekey.hostPubkey` is a string that begins with a slash. agenix-rekey hashes the
            path, not the key in that file, when it names outputs.
            """,
        why="""
            When the host gets a new key, no output changes its name: everything seems up to date,
            the build passes, and the host cannot decrypt anything. And the rekey works only on the
            machine that has the file.
            """,
        mend="""
            Keep a copy of the public key in the flake and refer to it by a path literal:

                ssh HOST cat /etc/ssh/ssh_host_ed25519_key.pub > hosts/HOST.pub
                git add hosts/HOST.pub

                age.rekey.hostPubkey = ./hosts/HOST.pub;

                agenix-check --fix
            """,
        about=About.KEY,
    ),
    Rule(
        id="node-storage-overlap",
        severity=Severity.ERROR,
        title="a rekey would delete files in this node's storage directory",
        meaning="""
            The storage directory of the node is also another node's, holds sources, or lies outside
            the repository. After a rekey, agenix-rekey deletes every file below that directory that
            is not an output of this very node.
            """,
        why="""
            The next `agenix rekey -a` deletes the other node's outputs, or your sources, and stages
            the deletion.
            """,
        mend="""
            Before you rekey, give every node a directory of its own that holds nothing else:

                age.rekey.localStorageDir =
                  ./. + "/secrets/rekeyed/${config.networking.hostName}";

            Then:

                agenix-check --fix

            If it has happened already, the sources are in the last commit:

                git restore --source=HEAD --staged --worktree -- SOURCES
            """,
        about=About.STORAGE,
    ),
    Rule(
        id="node-not-evaluated",
        severity=Severity.ERROR,
        title="Nix could not evaluate a node",
        meaning="""
            The part of the node's configuration that declares secrets does not evaluate; the
            message is Nix's own. The other nodes were checked, and of this one what file names
            tell.
            """,
        why="""
            What the node declares is not known, so nothing can be said of it; the run ends with 3.
            """,
        mend="""
            See what Nix says at length:

                nix eval .#nixosConfigurations.HOST.config.age.rekey.hostPubkey
            """,
        about=About.NODE,
    ),
    Rule(
        id="private-key",
        severity=Severity.ERROR,
        title="a private key lies unencrypted in the tree",
        meaning="""
            The file holds an age or SSH private key in plain text, or one is used where a public
            key belongs. One that was in the tree before this change is a note.
            """,
        why="""
            Whoever reads the repository can decrypt everything that was ever encrypted for this
            key. If it is used as a public key, it also lies in the world-readable Nix store.
            """,
        mend="""
            Do not push. Take the file out of the commit and keep it elsewhere:

                git rm --cached PATH

            If it has left your machine, replace the key wherever it is used, rekey, and change
            every secret that it could read; removing the file does not undo that:

                agenix-check --fix
            """,
        about=About.FILE,
        exposure=9.8,
    ),
)
