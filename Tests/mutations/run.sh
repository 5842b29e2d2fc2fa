#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shows that faults are found: applies each mutation beside this script to a copy of the sources,
# and expects what its second line names to break. A mutation that nobody notices means that a
# checker is missing.
#
#   Tests/mutations/run.sh [NAME…]      all mutations, or those that are named
#
# The first line of a mutation says what it breaks, the second one who notices:
#
#   groups SEEDS            that many random groups on the simulated network
#   clusters NODES SEEDS    that many clusters with every fault, founded by so many nodes
#   tests FILTER            the tests that the filter names
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
# Files that are deleted and not yet committed are listed, too, and cannot be copied.
git ls-files -z --cached --others --exclude-standard |
  xargs -0 cp --parents -t "$copy" 2>/dev/null || true
cd "$copy"

# Builds the copy; 99 where that fails.
build() { swift build "$@" >build.log 2>&1 || { cat build.log >&2; return 99; }; }

# More places than a run has faults: with all of them named, a failing run is not shrunk.
all_faults=$(seq -s, 0 30)

# play KIND ARGUMENT…: builds the copy and plays; its exit status is that of the player.
play() {
  case $1 in
    groups)
      build --product FabricCheck || return
      timeout 600 .build/debug/FabricCheck simulate --seeds "$2" >play.log 2>&1
      ;;
    clusters)
      build --product mapred || return
      timeout 120 .build/debug/mapred simulate --nodes "$2" --seeds "1..$3" --keep "$all_faults" \
        >play.log 2>&1
      ;;
    tests)
      build --build-tests || return
      timeout 120 swift test --skip-build --filter "$2" >play.log 2>&1
      ;;
    *) echo "mutations: nobody is called $1" >&2; return 99 ;;
  esac
}

# What a player said first about what broke.
found() {
  local signs='✘ Test .* recorded|^  [^ ]|trap is in seed|Fatal error'
  grep -m 1 -E "$signs" play.log | cut -c 1-100 || true
}

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for patch in Tests/mutations/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi

# The sources as they are have to pass all that is played.
for kind in groups clusters tests; do
  for name in "${names[@]}"; do sed -n 2p "Tests/mutations/$name.patch"; done |
    grep "^$kind " | sort -u >plays || continue
  while read -r -a player <&3; do
    play "${player[@]}" && continue
    echo "mutations: the sources as they are do not pass ${player[*]}:" >&2
    cat play.log >&2
    exit 1
  done 3<plays
done

# Those that need the same build stand together.
missed=0
for kind in groups clusters tests; do
  for name in "${names[@]}"; do
    patch=Tests/mutations/$name.patch
    read -r -a player < <(sed -n 2p "$patch")
    [ "${player[0]}" = "$kind" ] || continue
    git apply "$patch" || { echo "mutations: $name no longer applies: write it anew" >&2; exit 1; }
    status=0
    play "${player[@]}" || status=$?
    case $status in
      0) echo "MISSED  $name: $(head -n 1 "$patch")"; missed=$((missed + 1)) ;;
      99) echo "mutations: $name does not build" >&2; exit 1 ;;
      124) echo "caught  $name (${player[*]}): it does not end" ;;
      *) echo "caught  $name (${player[*]}): $(found)" ;;
    esac
    git apply -R "$patch"
  done
done
echo "mutations: ${#names[@]} tried, $missed missed"
[ "$missed" -eq 0 ]
