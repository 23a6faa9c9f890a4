"""A real load: home-manager's modules, some 600, as often as `make trial HOMES=N` says.

Nothing of it is kept: HOME_MANAGER and NIXPKGS_LIB name checkouts of home-manager and nixpkgs.lib.
"""

import os
import resource
import shutil
import sys
import time
from pathlib import Path

from agenix_check.demo.workshop import Workshop
from agenix_check.model.declaration import Declaration
from tests.discover.nix.flakes import declare

_LIST = "{{ lib, ... }}: {{ options.{name} = lib.mkOption {{ type = lib.types.raw; }}; }}\n"


def _build(shop: Workshop, count: int) -> None:
    top = shop.top
    shutil.copytree(Path(os.environ["HOME_MANAGER"], "modules"), top / "home-manager/modules")
    shutil.copytree(Path(os.environ["NIXPKGS_LIB"], "lib"), top / "nixpkgs/lib")
    for name in ("assertions", "meta"):
        shop.write(f"nixpkgs/nixos/modules/misc/{name}.nix", _LIST.format(name=name))
    shop.write("flake.nix", Path(__file__).with_name("homes.nix").read_text())
    shop.write("count.json", f"{count}\n")
    shop.write("db.age", "a secret\n")
    shop.commit("Many homes")


def _measure(top: Path, jobs: int) -> Declaration:
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    found = declare(top, jobs=jobs)
    after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begin
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sys.stdout.write(
        f"\n{len(found.nodes)} homes, {jobs} processes: {seconds:.1f} s, {worked:.1f} s of CPU, "
        f"{after.ru_maxrss >> 10} MiB at most\n"
    )
    return found


def test_many_homes(workshop: Workshop) -> None:
    count = int(os.environ["HOMES"])
    _build(workshop, count)
    declare(workshop.top)  # the tree is in the store now
    shared = [_measure(workshop.top, jobs) for jobs in (4, 2)]
    alone = _measure(workshop.top, 1)
    assert (len(alone.nodes), alone.failed) == (count, ())
    assert {*map(repr, shared)} == {repr(alone)}
