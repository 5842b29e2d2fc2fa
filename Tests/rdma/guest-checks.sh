#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# guest-checks.sh FABRICCHECK [CHECK,CHECK…|all] [figures]: holds verbs against the contract, and
# runs a job over them, on the hosts of rdma-vm. Run by verbs.sh, in the machine; mapred lies
# beside FabricCheck. Prints a line for each part; status 1 where one failed.
set -u
program=$1 only=${2:-all} figures=${3:-}
read -r -a hosts <<<"$RDMA_VM_HOSTS"
scratch=$(mktemp -d)
key=(--key "the key of a check, which is no secret")
failed=0 port=7400

# addresses COUNT: fresh ports on the first hosts, for each group.
addresses() {
  local i list=
  port=$((port + 32))
  for ((i = 0; i < $1; i++)); do list+=${list:+,}${hosts[i]}:$port; done
  places=$list
}

# report NAME STATUS FILE…: says how a part went, and shows the files where it failed.
report() {
  local name=$1 status=$2
  shift 2
  if [ "$status" = 0 ]; then
    echo "$RDMA_VM_KIND: passed: $name ($((SECONDS - began)) s)"
  else
    echo "$RDMA_VM_KIND: FAILED: $name ($((SECONDS - began)) s)"
    tail -n 30 "$@"
    failed=1
  fi
}

member() { # member RANK COMMAND OPTIONS…: one process, its output in a file
  "$program" "$2" --transport verbs "${key[@]}" --addresses "$places" --rank "$1" "${@:3}" \
    >"$scratch/$1" 2>&1
}

which_checks=()
[ "$only" = all ] || which_checks=(--only "$only")

began=$SECONDS
addresses 3
timeout 600 "$program" contract --transport verbs "${key[@]}" --addresses "$places" --all \
  "${which_checks[@]}" 2>&1 | tee "$scratch/threads"
report "the contract, 3 members on threads" "${PIPESTATUS[0]}" /dev/null

began=$SECONDS
addresses 3
status=0
processes=()
for rank in 0 1 2; do
  member "$rank" contract --only counter,fence,waking,dying &
  processes+=($!)
done
for process in "${processes[@]}"; do wait "$process" || status=1; done
report "the contract, 3 processes" $status "$scratch"/[012]

# A multicast of messages of many sizes, small ones and blocks: one order at all members.
began=$SECONDS
addresses 3
status=0
processes=()
for rank in 0 1 2; do
  member "$rank" multicast --messages 60 &
  processes+=($!)
done
for process in "${processes[@]}"; do wait "$process" || status=1; done
[ "$(sort -u "$scratch"/[012] | wc -l)" = 1 ] || status=1
grep -q '^delivered 180 messages' "$scratch/0" || status=1
report "a multicast, 3 processes" $status "$scratch"/[012]
[ $status != 0 ] || sed 's/^/    /' "$scratch/0"

# Groups of the same members at the same addresses, who begin them at different moments.
began=$SECONDS
addresses 3
status=0
processes=()
for rank in 0 1 2; do
  member "$rank" forming --rounds 10 &
  processes+=($!)
done
for process in "${processes[@]}"; do wait "$process" || status=1; done
grep -q '^formed 10 groups of 3' "$scratch/0" || status=1
report "groups one after the other, 3 processes" $status "$scratch"/[012]
[ $status != 0 ] || sed 's/^/    /' "$scratch/0"

# A member is killed in the middle of traffic; the others have to see it and go on.
began=$SECONDS
addresses 3
status=0
processes=()
for rank in 0 1 2; do
  member "$rank" flow 2>"$scratch/words$rank" &
  processes+=($!)
done
for ((i = 0; i < 300; i++)); do
  if [ "$(grep -l '^open' "$scratch"/[012] 2>/dev/null | wc -l)" = 3 ]; then break; fi
  sleep 0.1
done
sleep 1
# The process is a child of the subshell that runs the function.
kill -9 "$(cat "/proc/${processes[2]}/task/${processes[2]}/children")"
for process in "${processes[@]:0:2}"; do wait "$process" || status=1; done
wait "${processes[2]}" 2>/dev/null
report "kill -9 of a member in the middle" $status "$scratch"/[012] "$scratch"/words[012]

# expect NAME WORDS COMMAND…: the command has to fail and say the words.
expect() {
  local name=$1 words=$2 status=0
  shift 2
  began=$SECONDS
  if timeout 60 "$@" >"$scratch/expect" 2>&1; then status=1; fi
  grep -q "$words" "$scratch/expect" || status=1
  report "$name" $status "$scratch/expect"
  [ $status != 0 ] || sed 's/^/    /' "$scratch/expect" | head -n 3
}

addresses 2
alone=("$program" contract --only silence --transport verbs --timeout 3 "${key[@]}")
expect "too little memory may be locked" "cannot lock .* bytes" \
  setpriv --reuid 65534 --regid 65534 --clear-groups bash -c 'ulimit -l 64; exec "$@"' bash \
  "${alone[@]}" --addresses "$places" --rank 0
expect "nobody listens" "ranks {0} are missing.*nobody listens" \
  "${alone[@]}" --addresses "$places" --rank 1
expect "nobody connects" "rank 1 .* did not connect" \
  "${alone[@]}" --addresses "$places" --rank 0
expect "no key" "there is no cluster key" \
  "$program" contract --only silence --transport verbs --addresses "$places" --rank 0
expect "an address of another host" "no address of this host" \
  "${alone[@]}" --addresses "10.77.0.99:7000,$places" --rank 0
expect "an address without a device" "no RDMA device has" \
  "${alone[@]}" --addresses "127.0.0.1:7000,$places" --rank 0

# Members that choose by themselves choose verbs; one that was told otherwise is found out.
began=$SECONDS
addresses 2
"$program" contract --only silence --transport auto "${key[@]}" --addresses "$places" --all \
  >"$scratch/auto" 2>&1
status=$?
[ "$(grep -c 'transport verbs: the RDMA device' "$scratch/auto")" = 2 ] || status=1
report "members choose verbs by themselves" $status "$scratch/auto"
addresses 2
"$program" contract --only silence --transport tcp --timeout 20 "${key[@]}" \
  --addresses "$places" --rank 0 >"$scratch/tcp" 2>&1 &
sleep 3
expect "a peer over TCP" "$([ "$RDMA_VM_KIND" = siw ] || echo 'answers over TCP, not over verbs')" \
  "${alone[@]}" --addresses "$places" --rank 1
wait $!

# A job on a cluster whose nodes meet over verbs leaves what one process leaves; also once a node is
# killed.
began=$SECONDS
addresses 3
mapred=$(dirname "$program")/mapred
(umask 077 && head -c 32 /dev/urandom >"$scratch/key")
IFS=, read -r -a listen <<<"$places"
nodes=() status=1
for i in 0 1 2; do
  join=()
  [ $i = 0 ] || join=(--join "${listen[0]}")
  "$mapred" node --name "n$i" --listen "${listen[i]}" "${join[@]}" --socket "$scratch/n$i.sock" \
    --key-file "$scratch/key" --transport verbs --set layout.shards=3 --set layout.replicas=2 \
    --set executor.slots=1 --set executor.user=root --set executor.directory="$scratch" \
    --set membership.suspect-after=20s >"$scratch/node$i" 2>&1 &
  nodes+=($!)
  for ((try = 0; try < 300; try++)); do
    count=$("$mapred" members --socket "$scratch/n$i.sock" 2>/dev/null | wc -l)
    if [ "$count" = $((i + 1)) ]; then break; fi
    sleep 0.1
  done
done
count() { # count FILE SOCKET: the words of a file, as the cluster counts them
  "$mapred" submit --wait --socket "$2" --timeout 120 wordcount "$1" &&
    "$mapred" get wordcount --socket "$2"
}
text=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/README.md
"$mapred" run wordcount "$text" --limit 1000000 --quiet >"$scratch/inline"
if count "$text" "$scratch/n1.sock" >"$scratch/counted" 2>&1 &&
  tail -n +2 "$scratch/counted" | cmp - "$scratch/inline"; then
  kill -9 "${nodes[2]}"
  wait "${nodes[2]}" 2>/dev/null
  count "$text" "$scratch/n0.sock" >"$scratch/again" 2>&1 &&
    tail -n +2 "$scratch/again" | cmp - "$scratch/inline" && status=0
fi
report "a job, 3 nodes, and again once one is killed" $status \
  "$scratch"/node[012] "$scratch/counted" "$scratch/again"
kill "${nodes[@]:0:2}"
wait "${nodes[@]:0:2}" 2>/dev/null

if [ "$figures" = figures ]; then
  addresses 2
  member 1 figures &
  began=$SECONDS
  member 0 figures
  wait $!
  sed "s/^/$RDMA_VM_KIND: figures: /" "$scratch/0"
  MAPRED_VERBS_HOST=${hosts[0]} "$mapred" bench suite --jobs empty,wordcount,terasort --sizes 1MB \
    --transports verbs,tcp,shm --nodes 3 --replicas 2 --repetitions 3 --spark off --quiet |
    sed "s/^/$RDMA_VM_KIND: figures: /"
fi
exit $failed
