#!/bin/sh
# Say what `make test` is about to do, how long that usually takes, and what it will install.
#
#     sh tests/setup/plan.sh PROGRAM... (make's variable MAKE names make)
set -eu

here=$(dirname "$0")
make="${MAKE:-make} --no-print-directory"

# Whether an environment is there, and as new as what it is made from.
whole() {
    $make --question "VENV=$1" "$1/.dev" >/dev/null 2>&1
}

missing=
add() {
    if [ -n "${2# }" ]; then missing="$missing  $1: $(echo $2)
"; fi
}

versions=$(sh "$here/python.sh" --version all 2>/dev/null || true)
oldest=$(echo "${versions:-3}" | head -n 1)
newest=$(echo "${versions:-3}" | tail -n 1)
venv=
[ -n "$versions" ] || venv=$(sh "$here/programs.sh" --missing venv)
programs=$(sh "$here/programs.sh" --missing "$@")
add "with apt-get, as root" "$programs $venv"
add "from npm, into .cache" "$(sh "$here/packages.sh" --missing)"
environments=
whole .venv || environments=.venv
[ "$oldest" = "$newest" ] || whole .venv-newest || environments="$environments .venv-newest"
add "from PyPI, into" "$environments"

coverage=", with their coverage"
[ "$newest" != 3.11 ] || coverage=" (their coverage takes Python 3.12)"
echo "make test, which usually takes 14 minutes at most on two idle cores:"
echo "  1 minute   lint: ruff, mypy, the syntax of shell scripts"
if [ "$oldest" = "$newest" ]; then
    echo " 10 minutes  all tests on Python $oldest$coverage (no newer one is installed)"
else
    echo "  3 minutes  a part of the package's tests on Python $oldest, one case of each"
    echo " 10 minutes  all tests on Python $newest$coverage"
fi
if [ -z "$missing" ]; then
    echo "It installs nothing: every program, package and environment is there."
else
    echo "It installs first, which takes some minutes more:"
    printf '%s' "$missing"
fi
echo
