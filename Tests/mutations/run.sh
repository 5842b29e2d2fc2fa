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

# player_of KIND: the product that plays; tests are no product.
player_of() { case $1 in groups) echo FabricCheck ;; clusters) echo mapred ;; *) echo '' ;; esac; }

# prepare KIND: builds who plays.
prepare() {
  case $1 in
    groups | clusters) build --product "$(player_of "$1")" ;;
    tests) build --build-tests ;;
    *) echo "mutations: nobody is called $1" >&2; return 99 ;;
  esac
}

# perform PLACE LOG KIND ARGUMENT…: plays with what lies in PLACE; its exit status is that of the
# player.
perform() {
  local place=$1 log=$2
  case $3 in
    groups) timeout 600 "$place/FabricCheck" simulate --seeds "$4" >"$log" 2>&1 ;;
    clusters)
      timeout 240 "$place/mapred" simulate --nodes "$4" --seeds "1..$5" --keep "$all_faults" \
        >"$log" 2>&1
      ;;
    tests) timeout 120 swift test --skip-build --filter "$4" >"$log" 2>&1 ;;
  esac
}

# What a player said first about what broke.
found() {
  local signs='✘ Test .* recorded|^  [^ ]|trap is in seed|Fatal error'
  grep -m 1 -E "$signs" "$1" | cut -c 1-100 || true
}

# report NAME STATUS LOG: says what came of a mutation.
report() {
  local player
  player=$(sed -n 2p "Tests/mutations/$1.patch")
  case $2 in
    0) echo "MISSED  $1: $(head -n 1 "Tests/mutations/$1.patch")"; missed=$((missed + 1)) ;;
    124) echo "caught  $1 ($player): it does not end" ;;
    *) echo "caught  $1 ($player): $(found "$3")" ;;
  esac
}

# with_mutation NAME COMMAND…: does something with the sources while a mutation is in them.
with_mutation() {
  local patch=Tests/mutations/$1.patch status=0
  git apply "$patch" || { echo "mutations: $1 no longer applies: write it anew" >&2; exit 1; }
  "${@:2}" || status=$?
  git apply -R "$patch"
  [ "$status" -ne 99 ] || { echo "mutations: $1 does not build" >&2; exit 1; }
  return "$status"
}

# Plays what was built for a mutation, while the next one is built.
play_aside() {
  local name=$1 place=plays/$1 status=0
  shift
  perform "$place" "$place/log" "$@" || status=$?
  rm "$place/$(player_of "$1")"
  echo "$status" >"$place/status"
}

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for patch in Tests/mutations/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi

# named KIND: the mutations that a kind of player plays. Those that need the same build stand
# together.
named() {
  local name
  for name in "${names[@]}"; do
    [[ $(sed -n 2p "Tests/mutations/$name.patch") != "$1 "* ]] || echo "$name"
  done
}

# The sources as they are have to pass all that is played.
for kind in groups clusters tests; do
  for name in $(named "$kind"); do sed -n 2p "Tests/mutations/$name.patch"; done | sort -u >as-is
  while read -r -a player <&3; do
    prepare "$kind" && perform .build/debug play.log "${player[@]}" && continue
    echo "mutations: the sources as they are do not pass ${player[*]}:" >&2
    cat play.log >&2
    exit 1
  done 3<as-is
done

missed=0
for kind in groups clusters; do
  for name in $(named "$kind"); do
    read -r -a player < <(sed -n 2p "Tests/mutations/$name.patch")
    with_mutation "$name" prepare "$kind"
    mkdir -p "plays/$name"
    cp ".build/debug/$(player_of "$kind")" "plays/$name"
    play_aside "$name" "${player[@]}" &
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
  done
  wait
  for name in $(named "$kind"); do
    report "$name" "$(cat "plays/$name/status")" "plays/$name/log"
  done
done
for name in $(named tests); do
  read -r -a player < <(sed -n 2p "Tests/mutations/$name.patch")
  with_mutation "$name" prepare tests
  status=0
  perform .build/debug play.log "${player[@]}" || status=$?
  report "$name" "$status" play.log
done
echo "mutations: ${#names[@]} tried, $missed missed"
[ "$missed" -eq 0 ]
