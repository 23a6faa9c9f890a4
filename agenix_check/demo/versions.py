"""Breaks of versions: sources, keys and outputs that do not belong together."""

from agenix_check.demo.breaks import Break
from agenix_check.demo.sample_fleet import (
    DB,
    KEYS,
    NEW_KEY,
    STORAGE,
    WIFI,
    SampleFleet,
    module_path,
)
from agenix_check.demo.workshop import key_path


def _edit(fleet: SampleFleet) -> None:
    fleet.edit(DB)
    fleet.shop.stage()


def _rekey(fleet: SampleFleet) -> None:
    fleet.rekey()
    fleet.shop.stage()


def _install_anew(fleet: SampleFleet) -> None:
    fleet.shop.host("alpha", NEW_KEY)
    fleet.shop.stage()


def _change_comment(fleet: SampleFleet) -> None:
    fleet.shop.host("alpha", KEYS["alpha"].replace("root@alpha", "alpha.example.org"))
    fleet.shop.stage()


def _save_once_more(fleet: SampleFleet) -> None:
    fleet.edit(DB)
    fleet.rekey()
    fleet.edit(DB)
    fleet.shop.stage()


def _forget_outputs(fleet: SampleFleet) -> None:
    fleet.edit(DB)
    fleet.shop.stage()
    fleet.rekey(tidy=False)


def _forget_source(fleet: SampleFleet) -> None:
    fleet.edit(DB)
    fleet.rekey()
    fleet.shop.stage(STORAGE)


def _forget_key(fleet: SampleFleet) -> None:
    fleet.shop.host("alpha", NEW_KEY)
    fleet.rekey()
    fleet.shop.stage(STORAGE)


def _leave_out_alpha(fleet: SampleFleet) -> None:
    fleet.edit(DB)
    fleet.rekey("beta")
    fleet.shop.stage()


def _retire_gamma(fleet: SampleFleet) -> None:
    fleet.shop.remove(key_path("gamma"))
    fleet.shop.remove(module_path("gamma"))
    lines = fleet.shop.read("fleet.nix").decode().splitlines(keepends=True)
    fleet.shop.write("fleet.nix", "".join(line for line in lines if "gamma" not in line))
    fleet.shop.stage()


def _delete_output(fleet: SampleFleet) -> None:
    fleet.shop.remove(fleet.output("beta", WIFI))
    fleet.shop.stage()


def _keep_old_key(fleet: SampleFleet) -> None:
    fleet.shop.host("beta", NEW_KEY)
    fleet.shop.stage()


VERSIONS = (
    Break(
        title="Somebody edited secrets/db.age and forgot to rekey",
        act=_edit,
        rule="output-stale",
        fix=_rekey,
    ),
    Break(
        title="Host alpha was installed anew and got another key",
        act=_install_anew,
        rule="output-stale",
    ),
    Break(
        title="Somebody tidied the comment of alpha's key, and nothing else",
        act=_change_comment,
        rule="output-stale",
    ),
    Break(
        title="Somebody rekeyed, then saved secrets/db.age once more",
        act=_save_once_more,
        rule="output-untraceable",
    ),
    Break(
        title="Somebody rekeyed and forgot to git add the new files",
        act=_forget_outputs,
        rule="output-unstaged",
    ),
    Break(
        title="Somebody staged the rekeyed files and forgot their source",
        act=_forget_source,
        rule="source-unstaged",
    ),
    Break(
        title="Somebody staged the rekeyed files and forgot the host's new key",
        act=_forget_key,
        rule="output-untraceable",
    ),
    Break(
        title="A merge brought the new secrets/db.age for beta and not for alpha",
        act=_leave_out_alpha,
        rule="output-orphan",
    ),
    Break(
        title="Host gamma was retired, and its files stayed behind",
        act=_retire_gamma,
        rule="output-orphan",
    ),
    Break(
        title="Host beta got another key; known-hosts.nix still holds the old one",
        act=_keep_old_key,
        rule="output-mixed-keys",
    ),
    Break(
        title="Somebody deleted a rekeyed file by hand",
        act=_delete_output,
        rule="output-missing",
    ),
)
