#!/bin/sh
# Run the tests on two Pythons: on the oldest a part, one case of each; on the newest all, with their
# coverage. The second is tested even if the first fails; the end says what failed. Make runs it, as
# MAKE.
#
#     sh tests/setup/pythons.sh
set -u

make="${MAKE:-make} --no-print-directory"
versions=$(sh tests/setup/python.sh --version all) || exit 1
oldest=$(echo "$versions" | head -n 1)
newest=$(echo "$versions" | tail -n 1)
trap 'exit 130' INT
trap 'exit 143' TERM
failed=

try() {
    python=$1
    shift
    echo "== Python $python"
    $make "$@" || failed="$failed $python"
}

if [ "$oldest" = "$newest" ]; then
    try "$oldest" measured
else
    try "$oldest" one-case
    try "$newest" VENV=.venv-newest WHICH=newest measured
fi

echo
if [ -n "$failed" ]; then
    echo "The tests failed on Python$failed." | sed 's/\([0-9]\) \([0-9]\)/\1 and \2/'
    exit 1
fi
if [ "$oldest" = "$newest" ]; then
    echo "The tests passed on Python $oldest alone: no newer one is installed."
else
    echo "The tests passed on Python $oldest and $newest."
fi
