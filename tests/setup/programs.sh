#!/bin/sh
# Install the programs that are named as arguments and missing, with Debian's package manager.
# Who is not root, or has no apt-get, is told in one message what to install. With --missing the
# packages are only printed.
#
#     sh tests/setup/programs.sh [--missing] age nix npm
set -eu

has() {
    case $1 in
        venv) sh "$(dirname "$0")/python.sh" oldest >/dev/null 2>&1 ;;
        *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

package() {
    case $1 in
        chromedriver) echo chromium-driver ;;
        man) echo man-db ;;
        nix) echo nix-bin ;;
        venv) echo python3-venv ;;
        ssh-keygen) echo openssh-client ;;
        *) echo "$1" ;;
    esac
}

only=
if [ "${1-}" = --missing ]; then
    only=missing
    shift
fi
programs=
packages=
for program in "$@"; do
    if ! has "$program"; then
        programs="$programs $program"
        packages="$packages $(package "$program")"
    fi
done
if [ -n "$only" ] || [ -z "$programs" ]; then
    echo "${packages# }" | sed '/^$/d'
    exit 0
fi

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing:$programs. Install the Debian packages$packages (or what your system calls" \
        "them), then run make again." >&2
    exit 1
fi

echo "Installing$packages" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of packages
apt-get install -qq -y --no-install-recommends $packages >/dev/null

for program in $programs; do
    if ! has "$program"; then
        echo "Installed $(package "$program"), and still there is no $program." >&2
        exit 1
    fi
done
