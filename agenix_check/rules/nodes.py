"""The rules about nodes: their keys and their storage, and private keys in the tree."""

from agenix_check.model.findings import Severity
from agenix_check.rules.rule import About, Newness, Rule

NODES: tuple[Rule, ...] = (
    Rule(
        id="node-invalid-key",
        severity=Severity.ERROR,
        title="a node's public key is not exactly one valid recipient",
        meaning="""
            `age.rekey.hostPubkey` must be exactly one SSH or age public key. This one is cut off,
            has a typing error, is several keys, or has something else in it, such as the host name
            that ssh-keyscan prints before the key.
            """,
        why="""
            Nothing can be encrypted for this node, or it is encrypted for another key than you
            mean. agenix-rekey still exits with status 0.
            """,
        mend="""
            Copy the key from the host, one line and nothing else, then rekey:

                ssh HOST cat /etc/ssh/ssh_host_ed25519_key.pub
                agenix-check --fix
            """,
        about=About.KEY,
        newness=Newness.BY_NODE,
    ),
    Rule(
        id="node-placeholder-key",
        severity=Severity.WARNING,
        title="a node's public key is still agenix-rekey's placeholder",
        meaning="""
            agenix-rekey has a placeholder for the key of a host that is not installed yet. It is
            this node's public key, or one of the node's outputs is encrypted for it.
            """,
        why="""
            Nobody has the private key for it. The host builds and boots, but cannot decrypt any of
            its secrets.
            """,
        mend="""
            Once the host is installed, set `age.rekey.hostPubkey` to its key, then rekey:

                ssh HOST cat /etc/ssh/ssh_host_ed25519_key.pub
                agenix-check --fix
            """,
        about=About.KEY,
        newness=Newness.BY_NODE,
    ),
    Rule(
        id="node-key-path",
        severity=Severity.WARNING,
        title="a node's public key is given as the path of a file outside the flake",
        meaning="""
            `age.rekey.hostPubkey` is a string that begins with a slash. agenix-rekey puts a hash of
            this path into the names of outputs, not a hash of the key in the file.
            """,
        why="""
            When the host gets a new key, no output changes its name: everything seems up to date,
            the build passes, and the host cannot decrypt anything. And a rekey works only on the
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
        newness=Newness.BY_NODE,
    ),
    Rule(
        id="node-storage-overlap",
        severity=Severity.ERROR,
        title="a rekey would delete files in this node's storage directory",
        meaning="""
            The storage directory of the node also belongs to another node, contains sources, or is
            outside the repository. After a rekey, agenix-rekey deletes every file below that
            directory that is not an output of this node.
            """,
        why="""
            The next `agenix rekey -a` deletes the other node's outputs, or your sources, and stages
            the deletion.
            """,
        mend="""
            Before you rekey, give every node a directory of its own with nothing else in it:

                age.rekey.localStorageDir =
                  ./. + "/secrets/rekeyed/${config.networking.hostName}";

            Then:

                agenix-check --fix

            If it has already happened, the sources are in the last commit:

                git restore --source=HEAD --staged --worktree -- SOURCES
            """,
        about=About.STORAGE,
    ),
    Rule(
        id="node-not-evaluated",
        severity=Severity.ERROR,
        title="Nix could not evaluate a node",
        meaning="""
            Nix cannot evaluate the part of the node's configuration that declares secrets; the
            message is Nix's own. The other nodes were checked; this one was checked as far as file
            names allow.
            """,
        why="""
            It is unknown what the node declares, so it could not be checked: the run exits with 3.
            """,
        mend="""
            Let Nix print the whole error:

                nix eval .#nixosConfigurations.HOST.config.age.rekey.hostPubkey
            """,
        about=About.NODE,
    ),
    Rule(
        id="private-key",
        severity=Severity.ERROR,
        title="an unencrypted private key is in the tree",
        meaning="""
            The file contains an age or SSH private key in plain text, or a private key is used
            where a public key belongs. A key that was in the tree before this change is only a
            note.
            """,
        why="""
            Everyone who can read the repository can decrypt everything that was ever encrypted for
            this key. If it is used as a public key, it is also in the world-readable Nix store.
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
