#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# verbs.sh [rxe] [siw] [--checks NAMES|all] [--figures] [--release] [--time SEC]
#
# Builds FabricCheck and mapred, and runs them in an emulated machine with software RDMA devices
# (see rdma-vm): Soft-RoCE (rxe) and Soft-iWARP (siw), both without any. Status 0: all parts passed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."

kinds=() checks=counter,torn,leaving,fence,waking,parking,relay,holders
figures='' configuration=debug limit=540
while [ $# -gt 0 ]; do
  case $1 in
    rxe | siw) kinds+=("$1") ;;
    --checks) checks=${2:?--checks wants names}; shift ;;
    --figures) figures=figures ;;
    --release) configuration=release ;;
    --time) limit=${2:?--time wants seconds}; shift ;;
    -h | --help) sed -n '3,6{s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "verbs.sh: unknown argument '$1' (see --help)" >&2; exit 2 ;;
  esac
  shift
done
[ ${#kinds[@]} -gt 0 ] || kinds=(rxe siw)

for product in FabricCheck mapred; do
  swift build -c "$configuration" --product "$product" >&2
done
# The machine sees this one's files: what it runs must not be built anew meanwhile.
scratch=$(mktemp -d)
chmod 755 "$scratch" # one part runs as nobody
trap 'rm -rf "$scratch"' EXIT
cp "$(swift build -c "$configuration" --show-bin-path)"/{FabricCheck,mapred} "$scratch/"

status=0
for kind in "${kinds[@]}"; do
  options=(--time "$limit" --hosts 3)
  if [ "$kind" = siw ]; then options+=(--siw); fi
  "$here/rdma-vm" "${options[@]}" -- \
    "$here/guest-checks.sh" "$scratch/FabricCheck" "$checks" $figures || status=1
done
exit $status
