#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shows that the simulator finds faults: applies each mutation beside this script to a copy of the
# sources, plays random groups, and expects them to break. A mutation that nobody notices means that
# a checker is missing.
#
#   Tests/mutations/run.sh [NAME…]      all mutations, or those that are named
#
# SEEDS=n plays n random groups for each (200).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seeds=${SEEDS:-200}
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
# Files that are deleted and not yet committed are listed, too, and cannot be copied.
git ls-files -z --cached --others --exclude-standard |
  xargs -0 cp --parents -t "$copy" 2>/dev/null || true
cd "$copy"

# Builds the copy and plays; its exit status is that of the player, 99 where it does not build.
play() {
  swift build --product FabricCheck >build.log 2>&1 || { cat build.log >&2; return 99; }
  timeout 600 .build/debug/FabricCheck simulate --seeds "$seeds" >play.log 2>&1
}

if ! play; then
  echo 'mutations: the sources as they are do not keep what has to hold:' >&2
  cat play.log >&2
  exit 1
fi

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for patch in Tests/mutations/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi
missed=0
for name in "${names[@]}"; do
  patch=Tests/mutations/$name.patch
  git apply "$patch" || { echo "mutations: $name no longer applies: write it anew" >&2; exit 1; }
  status=0
  play || status=$?
  case $status in
    0) echo "MISSED  $name: $(head -n 1 "$patch")"; missed=$((missed + 1)) ;;
    1) echo "caught  $name:$(sed -n 2p play.log)" ;;
    99) echo "mutations: $name does not build" >&2; exit 1 ;;
    *) echo "caught  $name: it ended with status $status" ;;
  esac
  git apply -R "$patch"
done
echo "mutations: ${#names[@]} tried, $missed missed"
[ "$missed" -eq 0 ]
