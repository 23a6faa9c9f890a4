#!/bin/sh
# Fetch the public age test vectors (npm package cctv-age) into .cache/cctv-age.
# The integrity is pinned here, so a registry or a mirror cannot change what the tests see.
set -eu

name=cctv-age
version=0.2.0
sha512=d5f88601a5abfac9ea82ef3eb820bba8f780a40bae78e112113da7a4a7b41552d8f87b9ff8a9226bcf51c9bc7fba818d0a6977d528008e2408785398e0adcd7b

root=$(cd "$(dirname "$0")/../.." && pwd)
target=$root/.cache/$name/$version

if [ -f "$target/package/index.js" ]; then
    exit 0
fi
if ! command -v npm >/dev/null 2>&1; then
    echo "vectors.sh: npm is needed to fetch the test vectors: install the package npm" >&2
    exit 1
fi

mkdir -p "$root/.cache/$name"
work=$(mktemp -d "$root/.cache/$name/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

if ! (cd "$work" && npm pack --silent "$name@$version" >/dev/null); then
    echo "vectors.sh: npm could not fetch $name@$version" >&2
    exit 1
fi
if ! echo "$sha512  $work/$name-$version.tgz" | sha512sum --check --status; then
    echo "vectors.sh: $name@$version is not what was pinned: its sha512 differs" >&2
    exit 1
fi
tar -xzf "$work/$name-$version.tgz" -C "$work"
rm -rf "$target"
mkdir "$target"
mv "$work/package" "$target/package"
