"""The build of some months ago, installed beside today's to be measured in turns with it."""

import io
import shutil
import subprocess
import tarfile
import venv
from pathlib import Path

from tests.bench.measure import PYTHON

OLD_COMMIT = "e197f3f3c2cabe649eb03c0e73c50323bd1a6cf9"
_CHECKOUT = Path(__file__).parents[2]


def install_old(cache: Path) -> list[str] | None:
    """Return the command of the old build, installed once; None where this clone lacks it."""
    top = cache / f"old-{OLD_COMMIT[:7]}"
    if not top.exists():
        archive = subprocess.run(
            ["git", "archive", "--format=tar", OLD_COMMIT],
            cwd=_CHECKOUT,
            check=False,
            capture_output=True,
        )
        if archive.returncode:
            return None
        venv.create(top, with_pip=False)
        try:
            _install(archive.stdout, top)
        except BaseException:
            shutil.rmtree(top)
            raise
    return [str(top / "bin" / "agenix-check")]


def _install(archive: bytes, top: Path) -> None:
    """Install what an archive of the source has into a virtual environment."""
    source = top / "source"
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(source, filter="data")
    pip = [PYTHON, "-m", "pip", "--python", str(top / "bin" / "python"), "install", "--quiet"]
    subprocess.run([*pip, "--disable-pip-version-check", str(source)], check=True)
