#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# corpus.sh OUTPUT [BYTES]
#
# Writes about BYTES (default 1,100,000,000) of real text to OUTPUT: the C, header, assembly and
# documentation files of Debian's kernel source package, one after another in archive order, cut
# after the last line that fits. The same package version always gives the same bytes.

set -euo pipefail

readonly package=linux-source-6.1
readonly tarball=/usr/src/$package.tar.xz

fail() {
    printf 'corpus.sh: %s\n' "$*" >&2
    exit 1
}

if (($# < 1 || $# > 2)); then
    printf 'usage: corpus.sh OUTPUT [BYTES]\n' >&2
    exit 2
fi
output=$1
bytes=${2:-1100000000}
[[ $bytes =~ ^[1-9][0-9]{0,17}$ ]] || fail "BYTES must be a positive whole number, not '$bytes'"
[[ ! -d $output ]] || fail "'$output' is a folder"

for tool in tar xz head tail truncate stat; do
    command -v "$tool" >/dev/null || fail "'$tool' is needed and was not found"
done

if [[ ! -f $tarball ]]; then
    command -v apt-get >/dev/null || fail "$tarball is missing and there is no apt-get to get it"
    ((EUID == 0)) || fail "$tarball is missing; as root, run: apt-get install $package"
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$package" >&2 ||
        fail "could not install $package (has 'apt-get update' been run?)"
    [[ -f $tarball ]] || fail "$package is installed, yet $tarball is missing"
fi

# Written beside OUTPUT and renamed at the end, so that an interrupted run leaves no short corpus.
partial=$output.partial
trap 'rm -f -- "$partial"' EXIT

# The closing `cat` drains what `head` leaves, so that tar never dies of a closed pipe and a damaged
# tarball still fails the pipeline.
tar --extract --xz --to-stdout --file="$tarball" --wildcards \
    '*.c' '*.h' '*.S' '*.txt' '*.rst' |
    { head -c "$bytes" && cat >/dev/null; } >"$partial" || fail "could not read $tarball"

size=$(stat -c %s -- "$partial")
((size == bytes)) || fail "$tarball holds only $size bytes of text, fewer than the $bytes asked for"

# Cut the unfinished last line. A window of 1 MiB is far longer than any line of these files;
# `wc -c` counts bytes whatever the locale.
window=$((size < 1048576 ? size : 1048576))
unfinished=$(tail -c "$window" -- "$partial" | LC_ALL=C awk 'BEGIN { RS = "\n" } { last = $0 }
    END { print length(last) }')
if [[ $(tail -c 1 -- "$partial" | od -An -tx1) != ' 0a' ]]; then
    ((unfinished < window)) || fail "no line end within the first $bytes bytes"
    truncate -s "$((size - unfinished))" -- "$partial"
fi

mv -f -- "$partial" "$output"
trap - EXIT
printf '%s: %s bytes from %s\n' "$output" "$(stat -c %s -- "$output")" "$tarball" >&2
