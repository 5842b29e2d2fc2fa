#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# cluster.sh SYSTEM [PORT [MAPRED]]: three members of a replicated store on loopback, until the
# standard input ends (^D, or whoever started this is gone). Then they end, and their files are
# removed.
#
# SYSTEM is mapred-shm, mapred-tcp (MAPRED is the executable), etcd or zookeeper. For each member
# one line is printed: its process, and where it takes clients.
#
# Debian and Ubuntu have the others as packages:
#   apt-get install etcd-server zookeeper
#
# All files lie in memory (/dev/shm): no disk is compared. Members take 16 ports from PORT on.
set -eu

system=${1:?usage: cluster.sh mapred-shm|mapred-tcp|etcd|zookeeper [PORT [MAPRED]]}
port=${2:-24310}
mapred=${3:-mapred}
directory=$(mktemp -d /dev/shm/mapred-cluster.XXXXXX)
members=()
tidier=

finish() {
  trap - EXIT INT TERM HUP
  # The shell tells of each process that is killed.
  exec 2>/dev/null
  if [ -n "$tidier" ]; then kill "$tidier" 2>/dev/null || true; fi
  for member in "${members[@]}"; do kill -KILL "$member" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$directory"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

# begin NUMBER ENDPOINT COMMAND…: starts a member.
begin() {
  local number=$1 endpoint=$2
  shift 2
  "$@" </dev/null >"$directory/$number.log" 2>&1 &
  members+=($!)
  echo "$! $endpoint"
}

# Nodes that join through the first one; `queue` and other settings are the defaults.
begin_mapred() {
  for number in 0 1 2; do
    local join=()
    if [ "$number" -gt 0 ]; then join=(--join "127.0.0.1:$port"); fi
    begin "$number" "$directory/n$number.sock" \
      "$mapred" node --name "n$number" --cluster compared --transport "$1" \
      --listen "127.0.0.1:$((port + number))" --socket "$directory/n$number.sock" "${join[@]}"
    # The founder listens before others call it.
    for _ in $(seq 100); do
      if [ -S "$directory/n$number.sock" ]; then break; fi
      sleep 0.05
    done
  done
}

# Defaults, but for the room that many values of 10 KiB take: old revisions go each minute.
begin_etcd() {
  local peers=
  for number in 0 1 2; do
    peers+="${peers:+,}e$number=http://127.0.0.1:$((port + 4 + number))"
  done
  for number in 0 1 2; do
    local client=http://127.0.0.1:$((port + number)) peer=http://127.0.0.1:$((port + 4 + number))
    begin "$number" "127.0.0.1:$((port + number))" \
      etcd --name "e$number" --data-dir "$directory/$number" --log-level error \
      --listen-client-urls "$client" --advertise-client-urls "$client" \
      --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
      --initial-cluster "$peers" --initial-cluster-state new \
      --quota-backend-bytes $((8 << 30)) \
      --auto-compaction-mode periodic --auto-compaction-retention 1m
  done
}

# Defaults, with the heap that ZooKeeper's own start script gives a server.
begin_zookeeper() {
  for number in 0 1 2; do
    mkdir -p "$directory/$number"
    echo $((number + 1)) >"$directory/$number/myid"
    {
      echo "tickTime=2000"
      echo "initLimit=10"
      echo "syncLimit=5"
      echo "dataDir=$directory/$number"
      echo "clientPort=$((port + number))"
      echo "clientPortAddress=127.0.0.1"
      echo "maxClientCnxns=0"
      echo "admin.enableServer=false"
      for other in 0 1 2; do
        echo "server.$((other + 1))=127.0.0.1:$((port + 4 + other)):$((port + 8 + other))"
      done
    } >"$directory/$number.cfg"
    begin "$number" "127.0.0.1:$((port + number))" \
      java -Xmx1000m -Dzookeeper.log.dir="$directory" -Dzookeeper.root.logger=ERROR,CONSOLE \
      -cp /etc/zookeeper/conf_example:/usr/share/java/zookeeper.jar \
      org.apache.zookeeper.server.quorum.QuorumPeerMain "$directory/$number.cfg"
  done
  # It keeps all logs for hours: only the newest are of use here.
  while sleep 5; do
    for number in 0 1 2; do
      for kind in log snapshot; do
        ls -t "$directory/$number/version-2/$kind".* 2>/dev/null | tail -n +3 | xargs -r rm -f
      done
    done
  done </dev/null >/dev/null 2>&1 &
  tidier=$!
}

case $system in
mapred-shm) begin_mapred shm ;;
mapred-tcp) begin_mapred tcp ;;
etcd) begin_etcd ;;
zookeeper) begin_zookeeper ;;
*) echo "$system is none of mapred-shm, mapred-tcp, etcd, zookeeper" >&2 && exit 2 ;;
esac
cat >/dev/null
