#!/bin/sh
# Run make in a tree of another release of Debian, with the programs that it has: build the tree in
# a directory, if there is none yet, and copy this checkout into it. It needs root and a Debian.
#
#     sh tests/setup/modern.sh SUITE DIRECTORY ARGUMENT-OF-MAKE...
#
# All of it happens among mounts and processes of its own, which end with the first of them: nothing
# stays mounted or running, however this ends.
set -eu

# What make, its targets and hook managers need before they can install anything.
BASE="ca-certificates git make python3 python3-pip python3-venv"
BUNDLE=/etc/ssl/certs/ca-certificates.crt
# In the tree: the home of root, this checkout, and the certificates until there is a place for them.
INSIDE=/root
CHECKOUT=/srv/checkout
CARRIED=/srv/bundle

fail() {
    echo "modern.sh: $*" >&2
    exit 1
}

# Of what is named, copy what there is to the same place under $tree/DIRECTORY.
carry() {
    below=$tree$1
    shift
    for place in "$@"; do
        if [ -e "$place" ]; then
            target=$below/${place#"$HOME/"}
            rm -rf "$target"
            mkdir -p "$(dirname "$target")"
            cp -RL "$place" "$target"
        fi
    done
}

# Print the first mirror that apt knows, of Debian itself.
mirror() {
    apt-get indextargets --format '$(ORIGIN)/$(LABEL) $(REPO_URI)' "Created-By: Packages" |
        sed -n 's,^Debian/Debian ,,p' | head -n 1
}

build() {
    [ ! -e "$tree" ] || fail "$tree is there, and no tree of Debian's"
    found=$(mirror)
    if [ -z "$found" ]; then
        apt-get update -qq
        found=$(mirror)
    fi
    [ -n "$found" ] || fail "apt knows no mirror of Debian"
    rm -rf "$tree.unfinished"
    debootstrap --variant=minbase "$suite" "$tree.unfinished" "$found"
    mv "$tree.unfinished" "$tree"
}

# From here on: the outermost part, the one among mounts of its own, and the one in the tree.

begin() {
    [ $# -ge 3 ] || fail "usage: modern.sh SUITE DIRECTORY ARGUMENT-OF-MAKE..."
    [ "$(id -u)" -eq 0 ] || fail "only root can build a tree of Debian's and enter it"
    command -v apt-get >/dev/null || fail "this is no Debian: there is no apt-get"
    sh "$(dirname "$0")/programs.sh" debootstrap unshare
    # In the background, so that this shell hears a signal while it waits, and ends all of it.
    unshare --mount --pid --fork --kill-child --mount-proc sh "$0" --among-mounts "$@" &
    trap 'kill -KILL $!' HUP INT TERM
    wait $!
}

prepare() {
    suite=$1 tree=$(realpath -m "$2")
    shift 2
    [ -e "$tree/etc/debian_version" ] || build

    # How this machine reaches package registries, and whom it trusts; anew each time.
    apt-config dump Acquire >"$tree/etc/apt/apt.conf.d/00outside"
    carry "" /etc/resolv.conf /etc/hosts /etc/apt/auth.conf /etc/apt/auth.conf.d /etc/pip.conf \
        /etc/xdg/pip /etc/npmrc /usr/etc/npmrc /usr/local/etc/npmrc
    carry "$INSIDE/" "$HOME/.config/pip" "$HOME/.pip" "$HOME/.npmrc"
    if [ -e "$BUNDLE" ]; then cp -L "$BUNDLE" "$tree$CARRIED"; fi

    # The files of this checkout, edited or not, beside what make left there the last time.
    copy=$tree$CHECKOUT
    mkdir -p "$copy"
    find "$copy" -mindepth 1 -maxdepth 1 ! -name .cache ! -name '.venv*' -exec rm -rf {} +
    cd "$(dirname "$0")/../.."
    git ls-files -z --cached --others --exclude-standard |
        xargs -0 sh -c 'for file; do [ ! -e "$file" ] || printf "%s\0" "$file"; done' sh |
        tar -c --null -T - -f - | tar -x -C "$copy" -f -

    # The tree becomes the root. In a mere chroot nobody could make a user namespace, as tests do.
    mount --bind "$tree" "$tree"
    mount -t proc proc "$tree/proc"
    mount --rbind /dev "$tree/dev"
    cd "$tree"
    pivot_root . mnt
    exec chroot . env -u TMPDIR -u VIRTUAL_ENV -u PYTHONPATH -u PYENV_ROOT \
        HOME=$INSIDE PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        sh $CHECKOUT/tests/setup/modern.sh --in-the-tree "$@"
}

enter() {
    umount -l /mnt
    # shellcheck disable=SC2086 # a list of packages
    if ! dpkg -s $BASE >/dev/null 2>&1; then
        apt-get update -qq
        apt-get install -qq -y --no-install-recommends $BASE >/dev/null
    fi
    # Tests that ask rage itself ask its library where a release has none.
    if ! command -v rage >/dev/null && [ -n "$(apt-cache search --names-only '^rage$')" ]; then
        apt-get install -qq -y --no-install-recommends rage >/dev/null
    fi
    if [ -e "$CARRIED" ]; then mv "$CARRIED" "$BUNDLE"; fi
    cd "$CHECKOUT"
    git init -q
    git add --all
    exec make "$@"
}

case ${1-} in
    --among-mounts) shift && prepare "$@" ;;
    --in-the-tree) shift && enter "$@" ;;
    *) begin "$@" ;;
esac
