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
#   tests TARGET FILTER     the tests of a target that the filter names
#
# The sources as they are have to pass all of that. Where MAPRED_PRODUCTS names the release build of
# the same sources, that plays their groups and clusters: it takes a tenth of the time.
set -euo pipefail
products=${MAPRED_PRODUCTS:+$(realpath "$MAPRED_PRODUCTS")}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
# Files that are deleted and not yet committed are listed, too, and cannot be copied.
git ls-files -z --cached --others --exclude-standard |
  xargs -0 cp --parents -t "$copy" 2>/dev/null || true
cd "$copy"

# Builds a product of the copy; 99 where that fails.
build() { swift build --product "$1" >build.log 2>&1 || { cat build.log >&2; return 99; }; }

# More places than a run has faults: with all of them named, a failing run is not shrunk.
all_faults=$(seq -s, 0 30)

# player_of KIND: the file that plays.
player_of() {
  case $1 in
    groups) echo FabricCheck ;;
    clusters) echo mapred ;;
    tests) echo mapredPackageTests.xctest ;;
  esac
}

# prepare KIND [TARGET]: builds who plays.
prepare() {
  case $1 in
    groups | clusters) build "$(player_of "$1")" ;;
    tests) MAPRED_TEST_TARGET=$2 build mapredPackageTests ;;
    *) echo "mutations: nobody is called $1" >&2; return 99 ;;
  esac
}

# perform PLACE LOG KIND ARGUMENT…: plays with what lies in PLACE; its exit status is that of the
# player.
perform() {
  local log=$2 player
  player=$1/$(player_of "$3")
  case $3 in
    groups) timeout 600 "$player" simulate --seeds "$4" >"$log" 2>&1 ;;
    clusters)
      timeout 240 "$player" simulate --nodes "$4" --seeds "1..$5" --keep "$all_faults" \
        >"$log" 2>&1
      ;;
    # As `swift test` calls it, which would wait for builds.
    tests) timeout 120 "$player" --testing-library swift-testing --filter "$5" >"$log" 2>&1 ;;
  esac
}

# What a player said first about what broke.
found() {
  local signs='✘ Test .* recorded|^  [^ ]|trap is in seed|Fatal error'
  grep -m 1 -E "$signs" "$1" | cut -c 1-100 || true
}

# player NAME: the second line of a mutation.
player() { sed -n 2p "Tests/mutations/$1.patch"; }

# report NAME: says what came of a mutation.
report() {
  local status
  status=$(cat "plays/$1/status")
  case $status in
    0) echo "MISSED  $1: $(head -n 1 "Tests/mutations/$1.patch")"; missed=$((missed + 1)) ;;
    124) echo "caught  $1 ($(player "$1")): it does not end" ;;
    *) echo "caught  $1 ($(player "$1")): $(found "plays/$1/log")" ;;
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

# play_aside PLACE NAME KIND ARGUMENT…: plays in the background, and leaves the exit status in
# plays/NAME. Returns once a processor is free for the next build.
play_aside() {
  mkdir -p "plays/$2"
  {
    status=0
    perform "$1" "plays/$2/log" "${@:3}" || status=$?
    rm -f "plays/$2/$(player_of "$3")"
    echo "$status" >"plays/$2/status"
  } &
  while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
}

# keep NAME KIND: copies what was built to where the next build leaves it alone.
keep() {
  mkdir -p "plays/$1"
  cp ".build/debug/$(player_of "$2")" "plays/$1"
}

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for patch in Tests/mutations/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi

# batches: what has to be built, for all mutations.
batches() {
  local name
  for name in "${names[@]}"; do player "$name"; done |
    awk '{ print $1 ($1 == "tests" ? " " $2 : "") }' | sort -u
}

# named BATCH: the mutations that need the same build.
named() {
  local name
  for name in "${names[@]}"; do
    [[ $(player "$name") != "$1 "* ]] || echo "$name"
  done
}

# players BATCH: who plays in it. Many seeds show what fewer of them do.
players() {
  local name
  for name in $(named "$1"); do player "$name"; done | awk '
    $1 == "tests" { print; next }
    { seeds = $NF; $NF = ""; if (seeds > most[$0]) most[$0] = seeds }
    END { for (who in most) print who most[who] }' | sort -u
}

# play_as_is BATCH: the sources as they are, with all that is played.
play_as_is() {
  local player number=0 place
  while read -r -a player <&3; do
    number=$((number + 1))
    place=as-is/$number
    mkdir -p "plays/$place"
    echo "${player[*]}" >"plays/$place/player"
    if [ "${player[0]}" != tests ] && [ -n "$products" ]; then
      play_aside "$products" "$place" "${player[@]}"
      # And some of it with a build such as the mutations get.
      place=$place-debug
      player[-1]=$((player[-1] / 10))
      mkdir -p "plays/$place"
      echo "${player[*]}" >"plays/$place/player"
    fi
    keep "$place" "${player[0]}"
    play_aside "plays/$place" "$place" "${player[@]}"
  done 3< <(players "$1")
}

# check_as_is: whether the sources as they are have passed.
check_as_is() {
  local place
  for place in plays/as-is/*; do
    [ "$(cat "$place/status")" -ne 0 ] || continue
    echo "mutations: the sources as they are do not pass $(cat "$place/player"):" >&2
    cat "$place/log" >&2
    exit 1
  done
  rm -r plays/as-is
}

missed=0
while read -r batch <&4; do
  read -r -a parts <<<"$batch"
  prepare "${parts[@]}"
  play_as_is "$batch"
  for name in $(named "$batch"); do
    read -r -a player < <(player "$name")
    with_mutation "$name" prepare "${parts[@]}"
    keep "$name" "${player[0]}"
    play_aside "plays/$name" "$name" "${player[@]}"
  done
  wait
  check_as_is
  for name in $(named "$batch"); do report "$name"; done
done 4< <(batches)
echo "mutations: ${#names[@]} tried, $missed missed"
[ "$missed" -eq 0 ]
