#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves the models beside this script, and tests the tools that do it.
#
#   docs/proofs/run.sh             about a minute on two cores
#   docs/proofs/run.sh --runs      a bad run for every guard, too: some minutes
#
# Needs Python 3.11 with the module z3: apt-get install python3-z3. PYTHON names another Python.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

python=${PYTHON:-/usr/bin/python3}
if ! "$python" -c 'import z3' 2>/dev/null; then
  echo "proofs: $python has no module z3: apt-get install python3-z3" >&2
  exit 1
fi
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

models=(sst trim step views)
"$python" -B -c 'import z3; print("proofs: Z3", z3.get_version_string())'
"$python" -B -m unittest test_proofs
"$python" -B replay.py good.jsonl | tail -n 1

# Runs the check with its options for all models at once.
check_all() {
  local model failed=0
  declare -A checks
  for model in "${models[@]}"; do
    "$python" -B check.py "$model" "$@" >"$logs/$model" 2>&1 &
    checks[$model]=$!
  done
  for model in "${models[@]}"; do
    wait "${checks[$model]}" || failed=1
    cat "$logs/$model"
  done
  return "$failed"
}

check_all
if [ "${1:-}" = --runs ]; then check_all --runs; fi
echo 'proofs: all hold'
