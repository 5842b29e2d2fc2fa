#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Process 1 once the root is there: builds the network of "hosts" (see rdma-vm), runs the command
# that /.vm/command holds, and reports its exit status through a port of the machine.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb
for word in $(</proc/cmdline); do
  case $word in vm_*=*) eval "${word#vm_}" ;; esac
done
exec 3>/dev/vm.status

finish() {
  echo "exit $1" >&3
  sync
  busybox poweroff -f
  sleep 60
}

address() { echo "10.77.0.$(($1 + 1))"; }

# Host i: one end h<i> of a cable, here; the other end p<i> in a switch in a namespace of its own.
# Two addresses of one machine would meet inside of it: rules make each host's packets leave by its
# cable.
connect_host() {
  local i=$1 j self conf table=$((100 + $1))
  self=$(address "$i")
  ip link add "h$i" mtu "$mtu" address "02:00:00:00:77:0$((i + 1))" type veth \
    peer name "p$i" mtu "$mtu" netns switch
  ip -n switch link set "p$i" master br0 up
  conf=/proc/sys/net/ipv4/conf/h$i
  echo 1 >"$conf/accept_local"
  echo 0 >"$conf/rp_filter"
  echo 1 >"$conf/arp_ignore"
  echo 1 >"/proc/sys/net/ipv6/conf/h$i/disable_ipv6"
  ip -batch - <<BATCH
addr add $self/24 dev h$i
link set h$i up
rule add pref 5 iif h$i lookup local
rule add pref 6 from $self to $self lookup local
rule add pref 10 oif h$i lookup $table
rule add pref 11 from $self lookup $table
route add 10.77.0.0/24 dev h$i src $self table $table
BATCH
  for ((j = 0; j < hosts; j++)); do
    [ "$i" = "$j" ] ||
      ip neigh add "$(address "$j")" lladdr "02:00:00:00:77:0$((j + 1))" nud permanent dev "h$i"
  done
}

# A device works once its address is in its table (rxe), or its port is up (siw).
is_usable() {
  local class=/sys/class/infiniband/$kind$1/ports/1
  if [ "$kind" = siw ]; then
    grep -q 4: "$class/state"
  else
    grep -qi ffff:0a4d "$class"/gids/* 2>/dev/null
  fi
}

build_network() {
  set -e
  local i try
  printf '127.0.0.1 localhost %s\n' "$(hostname)" >/etc/hosts
  ip link set lo up
  ip netns add switch
  ip -n switch link add br0 mtu "$mtu" type bridge
  ip -n switch link set br0 up
  for ((i = 0; i < hosts; i++)); do connect_host "$i"; done
  echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
  # The table of own addresses is asked after the rules above.
  ip rule add pref 20 lookup local
  ip rule del pref 0
  for ((i = 0; i < hosts; i++)); do rdma link add "$kind$i" type "$kind" netdev "h$i"; done
  for ((i = 0; i < hosts; i++)); do
    for ((try = 0; try < 200; try++)); do
      if is_usable "$i"; then break; fi
      sleep 0.05
    done
  done
}

hostname rdma-vm
(build_network) >/run/network.log 2>&1 || {
  cat /run/network.log >/dev/console
  finish 125
}
addresses=() devices=()
for ((i = 0; i < hosts; i++)); do
  addresses+=("$(address "$i")")
  devices+=("$kind$i")
done
export RDMA_VM_HOSTS="${addresses[*]}" RDMA_VM_DEVICES="${devices[*]}" RDMA_VM_KIND=$kind
ulimit -l unlimited
ulimit -c 0
. /.vm/command # sets $folder and the array command
cd "$folder" || finish 125
echo started >&3
"${command[@]}" </dev/null >/dev/vm.out 2>&1 3>&-
finish $?
