#!/bin/sh
# Fetch the npm packages that tests read into .cache/NAME/VERSION/package: the public age test
# vectors, axe-core, which knows the rules of accessible pages, and the official schema of SARIF.
# The integrity is pinned here, so a registry or a mirror cannot change what the tests see. With
# --missing they are only printed.
#
#     sh tests/setup/packages.sh [--missing]
set -eu

only=${1-}

root=$(cd "$(dirname "$0")/../.." && pwd)

fetch() {
    name=$1 version=$2 sha512=$3
    target=$root/.cache/$name/$version
    archive=$(echo "${name#@}" | tr / -)-$version.tgz
    if [ -f "$target/package/package.json" ]; then
        return
    fi
    if [ -n "$only" ]; then
        echo "$name@$version"
        return
    fi
    if ! command -v npm >/dev/null 2>&1; then
        echo "packages.sh: npm is needed to fetch $name: install the package npm" >&2
        exit 1
    fi
    mkdir -p "$root/.cache/$name"
    work=$(mktemp -d "$root/.cache/$name/fetch.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    if ! (cd "$work" && npm pack --silent "$name@$version" >/dev/null); then
        echo "packages.sh: npm could not fetch $name@$version" >&2
        exit 1
    fi
    if ! echo "$sha512  $work/$archive" | sha512sum --check --status; then
        echo "packages.sh: $name@$version is not what was pinned: its sha512 differs" >&2
        exit 1
    fi
    tar -xzf "$work/$archive" -C "$work"
    rm -rf "$target"
    mkdir "$target"
    mv "$work/package" "$target/package"
    rm -rf "$work"
}

fetch cctv-age 0.2.0 d5f88601a5abfac9ea82ef3eb820bba8f780a40bae78e112113da7a4a7b41552d8f87b9ff8a9226bcf51c9bc7fba818d0a6977d528008e2408785398e0adcd7b
fetch axe-core 4.14.1 1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5
fetch @microsoft/jest-sarif 1.0.0-beta.0 0357ce84f77a21ce620e4e05f583f0d6a341e1717eefe22f891ef197caf617a433424c7972963d2ec1a4dab1318852047016e3a559d29b058606e9004a4890f4
