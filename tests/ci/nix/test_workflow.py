"""The job with Nix of the example for GitHub."""

from collections.abc import Mapping
from pathlib import Path

from tests.ci.hub import Hub, push
from tests.ci.runner import Runner, names_of, steps_of
from tests.discover.declared.estate import Estate
from tests.examples import EXAMPLES, with_programs


def test_the_check_with_nix_on_github(
    estate: Estate, tmp_path: Path, packages: Mapping[str, str], published: Path, temporary: Path
) -> None:
    steps = steps_of(EXAMPLES / "github-actions.yml", "check-with-nix")
    hub = Hub(estate.shop, tmp_path)
    features = "experimental-features = nix-command flakes"
    environment = {**packages, **with_programs(), "NIX_CONFIG": features}

    def run_job(name: str) -> Runner:
        runner = Runner(
            hub.clone(estate.shop.git.run("rev-parse", "HEAD").decode().strip()),
            tmp_path / name,
            temporary,
            *push(hub.base),
            published,
            environment,
        )
        code, others = runner.job(steps)
        runner.log += f"code {code}"
        assert names_of(others) == ["actions/checkout", "cachix/install-nix-action"]
        return runner

    good = run_job("good")
    assert good.log.endswith("code 0"), good.log
    # What names alone cannot know: it is declared, and was never rekeyed.
    estate.nodes["delta"].secrets["token"] = estate.nodes["alpha"].secrets["token"]
    estate.write_flake()
    estate.write_lock()
    estate.shop.commit("Declare")
    bad = run_job("bad")
    assert bad.log.endswith("code 1"), bad.log
    assert "output-missing" in bad.log
