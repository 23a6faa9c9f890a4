"""What is read of a configuration, and what is never looked at."""

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.errors import UsageError
from agenix_check.model.declaration import DeclaredPath, DeclaredSecret, MasterIdentity
from tests.discover.nix.flakes import declare, failures, names, only_node, write_flake

_THROWING = """
  nixosConfigurations.alpha = {
    config = {
      age = (node { extra = throw "age.rekey.extra"; } {
        db = {
          rekeyFile = ./secrets/db.age;
          file = throw "secret.file";
          path = throw "secret.path";
          generator = { script = throw "script"; tags = [ "tag" ]; };
        };
      }).config.age // { generators = throw "age.generators"; identityPaths = throw "paths"; };
      networking = throw "networking";
      system = throw "system";
    };
    options = throw "options";
    pkgs = throw "pkgs";
  };
  packages = throw "packages";
  checks = throw "checks";
"""


def test_nothing_but_age_is_evaluated(workshop: Workshop) -> None:
    write_flake(workshop, _THROWING)
    workshop.stage()
    declaration = declare(workshop.top)
    assert names(declaration) == ["nixos:alpha"]
    assert declaration.failed == ()


def test_home_manager_is_not_looked_at_where_it_is_switched_off(workshop: Workshop) -> None:
    write_flake(
        workshop,
        """
        nixosConfigurations.alpha.config = {
          age = (node { } { }).config.age;
          home-manager = throw "home-manager";
        };
        """,
    )
    workshop.stage()
    declaration = declare(workshop.top, collect_home_manager=False)
    assert names(declaration) == ["nixos:alpha"]
    assert declaration.failed == ()
    assert failures(declare(workshop.top)) == {"host-nixos:alpha-user-*": "home-manager"}


def test_names_are_agenix_rekeys_own(workshop: Workshop) -> None:
    write_flake(
        workshop,
        """
        nixosConfigurations = {
          "a.example.org" = node { } { };
          beta.config = (node { } { }).config // {
            home-manager.users = { bob = (node { } { }).config; eve = { }; };
          };
          bare.config.home-manager.users.al = (node { } { }).config;
          "no-age".config = { };
          "no-rekey".config.age = { };
        };
        darwinConfigurations.mac.config = (node { } { }).config // {
          home-manager.users.tim = (node { } { }).config;
        };
        homeConfigurations."bob@beta" = node { } { };
        """,
    )
    workshop.stage()
    assert names(declare(workshop.top)) == [
        "bob@beta",
        "darwin:mac",
        "host-darwin:mac-user-tim",
        "host-nixos:bare-user-al",
        "host-nixos:beta-user-bob",
        "nixos:a.example.org",
        "nixos:beta",
    ]
    without = declare(workshop.top, collect_home_manager=False)
    assert names(without) == ["bob@beta", "darwin:mac", "nixos:a.example.org", "nixos:beta"]


def test_nodes_are_attribute_paths_instead_of_the_standard_ones(workshop: Workshop) -> None:
    write_flake(
        workshop,
        """
        nixosConfigurations = { "a.b" = node { } { }; other = throw "other"; };
        homeConfigurations.bob = node { } { };
        hive.nodes = { one = node { } { }; "t w.o" = node { } { }; };
        """,
    )
    workshop.stage()
    paths = ['nixosConfigurations."a.b"', "homeConfigurations", "hive.nodes", "hive.nothing"]
    declaration = declare(workshop.top, nodes=paths)
    assert names(declaration) == ["bob", 'hive.nodes."t w.o"', "hive.nodes.one", "nixos:a.b"]
    assert failures(declaration) == {"hive.nothing": "attribute 'nothing' missing"}


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", 'a."b', "a b", "a..b", '"${x}"'])
def test_what_is_no_attribute_path_is_said(flake: Workshop, path: str) -> None:
    with pytest.raises(UsageError, match="is not an attribute path"):
        declare(flake.top, nodes=[path])


def test_attribute_paths_are_data_and_not_code(flake: Workshop) -> None:
    hostile = r'"x\" + (throw \"code\") + \"$"'
    declaration = declare(flake.top, nodes=[hostile])
    assert declaration.nodes == ()
    (failed,) = declaration.failed
    assert "missing" in failed.message


def test_a_flake_without_nodes_is_empty(workshop: Workshop) -> None:
    write_flake(workshop, "packages = { };")
    workshop.stage()
    declaration = declare(workshop.top)
    assert (declaration.nodes, declaration.failed) == ((), ())


def test_secrets_are_as_declared(workshop: Workshop) -> None:
    node = only_node(
        workshop,
        "{ }",
        """{
          "group/db" = { rekeyFile = ./secrets/db.age; name = "other"; };
          hidden = { rekeyFile = ./secrets/h.age; intermediary = true; generator = null; };
          made = { rekeyFile = ./secrets/m.age; generator.tags = [ "b" "a" ]; };
          old = { rekeyFile = ./secrets/o.age; generator = "alnum"; };
          untagged = { rekeyFile = ./secrets/u.age; generator = { }; };
          plain = { rekeyFile = null; };
          plainer = { file = ./x.age; };
        }""",
    )

    def secret(
        name: str,
        path: str,
        *,
        other: str | None = None,
        intermediary: bool = False,
        generator: tuple[str, ...] | None = None,
    ) -> DeclaredSecret:
        return DeclaredSecret(
            id=name,
            name=other or name,
            source=DeclaredPath(path=f"secrets/{path}.age"),
            intermediary=intermediary,
            generator=generator,
        )

    assert node.secrets == (
        secret("group/db", "db", other="other"),
        secret("hidden", "h", intermediary=True),
        secret("made", "m", generator=("b", "a")),
        secret("old", "o", generator=()),
        secret("untagged", "u", generator=()),
    )


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("[ { rekeyFile = ./secrets/a.age; } { rekeyFile = null; } ]", ["secrets/a.age"]),
        ("{ one = { rekeyFile = ./secrets/a.age; }; }", ["secrets/a.age"]),
        ("[ self.nixosConfigurations.other.config.age.secrets.b ]", ["secrets/b.age"]),
        ('throw "no"', []),
    ],
)
def test_what_a_secret_is_generated_from_is_a_list_or_a_set(
    workshop: Workshop, given: str, found: list[str]
) -> None:
    write_flake(
        workshop,
        f"""
        nixosConfigurations.alpha = node {{ }} {{
          made = {{ rekeyFile = ./secrets/m.age; generator.dependencies = {given}; }};
        }};
        nixosConfigurations.other = node {{ }} {{ b.rekeyFile = ./secrets/b.age; }};
        """,
    )
    workshop.stage()
    alpha = declare(workshop.top).nodes[0]
    (made,) = alpha.secrets
    assert [one.path for one in made.dependencies or ()] == found


@pytest.mark.parametrize(
    "text", ["ssh-ed25519 AAAA root@x\n", "ssh-ed25519 AAAA", "age1x\n\n", '\\"$ ä☃\t\n']
)
def test_a_host_key_is_exact(workshop: Workshop, text: str) -> None:
    workshop.write("host.pub", text)
    assert only_node(workshop, "{ hostPubkey = ./host.pub; }").host_pubkey == text
    read = only_node(workshop, "{ hostPubkey = builtins.readFile ./host.pub; }")
    assert read.host_pubkey == text


def test_a_host_key_that_is_a_path_string_stays_one(workshop: Workshop) -> None:
    node = only_node(workshop, '{ hostPubkey = "/etc/ssh/ssh_host_ed25519_key.pub"; }')
    assert node.host_pubkey == "/etc/ssh/ssh_host_ed25519_key.pub"


def test_storage(workshop: Workshop) -> None:
    local = only_node(workshop, '{ localStorageDir = ./. + "/rekeyed/alpha"; }')
    assert (local.storage_mode, local.storage) == ("local", DeclaredPath(path="rekeyed/alpha"))
    derivation = only_node(
        workshop, '{ storageMode = "derivation"; localStorageDir = throw "unused"; }'
    )
    assert (derivation.storage_mode, derivation.storage) == ("derivation", None)
    root = only_node(workshop, "{ localStorageDir = ./.; }")
    assert root.storage == DeclaredPath(path="")


def test_master_identities_and_extra_recipients(workshop: Workshop) -> None:
    workshop.write("keys/yubi.pub", "# Recipient: age1yubikey1x\n")
    workshop.write("keys/backup.pub", "age1backup\n")
    node = only_node(
        workshop,
        """{
          masterIdentities = [
            ./keys/yubi.pub
            "/home/me/key.txt"
            { identity = ./keys/yubi.pub; pubkey = null; }
            { identity = ./keys/yubi.pub; pubkey = "age1given"; }
            { identity = "/home/me/key.txt"; pubkey = ./keys/backup.pub; }
          ];
          extraEncryptionPubkeys = [ "age1extra" ./keys/backup.pub "/home/me/extra.pub" ];
        }""",
    )
    yubi, mine = (
        DeclaredPath(path="keys/yubi.pub"),
        DeclaredPath(path=None, outside="/home/me/key.txt"),
    )
    assert node.master_identities == (
        MasterIdentity(identity=yubi, pubkey=None),
        MasterIdentity(identity=mine, pubkey=None),
        MasterIdentity(identity=yubi, pubkey=None),
        MasterIdentity(identity=yubi, pubkey="age1given"),
        MasterIdentity(identity=mine, pubkey="age1backup\n"),
    )
    assert node.extra_recipients == ("age1extra", "age1backup\n", "/home/me/extra.pub")


def test_a_flake_in_a_subdirectory(workshop: Workshop) -> None:
    directory = "sub dir/ä#?%"
    write_flake(
        workshop,
        """
        nixosConfigurations.alpha = node
          { localStorageDir = ./rekeyed; hostPubkey = ../host.pub; }
          {
            a.rekeyFile = ./a.age;
            b.rekeyFile = ../b.age;
            c.rekeyFile = self.sourceInfo.outPath + "/c.age";
          };
        """,
        f"{directory}/flake.nix",
    )
    workshop.write("sub dir/host.pub", "age1x")
    workshop.stage()
    (node,) = declare(workshop.top, flake=f"./{directory}/").nodes
    assert node.storage == DeclaredPath(path=f"{directory}/rekeyed")
    assert [secret.source.path for secret in node.secrets] == [
        f"{directory}/a.age",
        "sub dir/b.age",
        "c.age",
    ]


@pytest.mark.parametrize("directory", ["..", "../x", "/etc", "a/../../b"])
def test_a_flake_out_of_the_repository_is_refused(flake: Workshop, directory: str) -> None:
    with pytest.raises(UsageError, match="is not in this repository"):
        declare(flake.top, flake=directory)
