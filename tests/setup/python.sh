#!/bin/sh
# Print the path of the oldest or the newest Python, or of one of each version, of those that are
# supported and can make a virtual environment: on PATH, in /usr/bin or from pyenv. With --version
# its version, as 3.11.
#
#     sh tests/setup/python.sh [--version] oldest|newest|all
set -eu

only=
if [ "${1-}" = --version ]; then
    only=version
    shift
fi

# Prints "MINOR PATH", or nothing where it does not run, is too old or lacks ensurepip, which Debian
# has in a package of its own, python3-venv.
look() {
    "$1" -c '
import sys
import ensurepip, venv
ensurepip.version()
if sys.version_info >= (3, 11) and sys.version_info.releaselevel == "final":
    print(sys.version_info.minor, getattr(sys, "_base_executable", sys.executable))
' 2>/dev/null || true
}

candidates() {
    for version in 3 3.11 3.12 3.13 3.14 3.15; do
        command -v "python$version" || true
        echo "/usr/bin/python$version"
    done
    for python in "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/*/bin/python3; do
        echo "$python"
    done
}

# Of one version the first is taken: what PATH names.
found=$(candidates | while read -r python; do look "$python"; done | sort -s -n -u -k 1,1)
case $1 in
    oldest) found=$(echo "$found" | head -n 1) ;;
    newest) found=$(echo "$found" | tail -n 1) ;;
esac
if [ -z "$found" ]; then
    echo "There is no Python 3.11 or newer that can make a virtual environment. Install the" \
        "Debian packages python3 and python3-venv (or what your system calls them)." >&2
    exit 1
fi
case $only in
    version) echo "$found" | sed 's/^\([0-9]*\) .*/3.\1/' ;;
    *) echo "$found" | sed 's/^[0-9]* //' ;;
esac
