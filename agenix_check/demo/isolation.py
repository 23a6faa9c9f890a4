"""Git without the user's configuration and without the paths that a hook sets."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

# Variables that say where programs are, not what they should do.
_KEPT = ("GIT_EXEC_PATH", "GIT_PYTHON_GIT_EXECUTABLE", "GIT_PYTHON_REFRESH")

# Without these, Git looks for an ignore and an attributes file below the home directory.
_CONFIGURATION = {
    "core.attributesFile": os.devnull,
    "core.excludesFile": os.devnull,
    "gc.auto": "0",
    "maintenance.auto": "false",
}


@contextmanager
def plain_git() -> Iterator[None]:
    """Keep anything that the user or a hook has set from this process's Git."""
    saved = dict(os.environ)
    for name in saved:
        if name.startswith("GIT_") and name not in _KEPT:
            del os.environ[name]
    os.environ.update(_environment())
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)


def _environment() -> dict[str, str]:
    environment = {
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": str(len(_CONFIGURATION)),
        "GIT_TEMPLATE_DIR": "",
    }
    for number, (key, value) in enumerate(_CONFIGURATION.items()):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment
