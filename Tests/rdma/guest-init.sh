#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Process 1 of the machine, from its initramfs: loads the modules, mounts the root, and hands over
# to guest-main.sh. What rdma-vm wants is on the kernel's command line: vm_kind=rxe is $kind here.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for word in $(cat /proc/cmdline); do
  case $word in vm_*=*) eval "${word#vm_}" ;; esac
done

# Without a status line, rdma-vm knows that the command never began.
give_up() {
  echo "rdma-vm guest: $*" >/dev/console
  poweroff -f
}

while read -r module; do
  case $module in
    siw.ko) [ "$kind" = siw ] || continue ;;
    rdma_rxe.ko) [ "$kind" = rxe ] || continue ;;
  esac
  insmod "/modules/$module" || give_up "cannot load $module"
done </modules/order

# The root is the host's own, read-only; what is written lands in memory and is gone at the end.
plan9=trans=virtio,version=9p2000.L,msize=512000
mkdir -p /host /scratch /root
mount -t 9p -o "$plan9,cache=loose,ro" host /host || give_up "cannot mount the host's root"
mount -t tmpfs tmpfs /scratch
mkdir /scratch/upper /scratch/work
mount -t overlay -o lowerdir=/host,upperdir=/scratch/upper,workdir=/scratch/work overlay /root ||
  give_up "cannot mount the root"
mkdir -p /root/share /root/.vm
mount -t tmpfs tmpfs /root/run
mount -t 9p -o "$plan9,cache=none,ro" job /root/.vm || give_up "cannot mount the job"
[ "$share" = 0 ] || mount -t 9p -o "$plan9,cache=mmap" share /root/share ||
  give_up "cannot mount the shared folder"

for directory in dev proc sys; do mount --move "/$directory" "/root/$directory"; done
mkdir -p /root/dev/shm /root/dev/pts
mount -t tmpfs shm /root/dev/shm
mount -t devpts devpts /root/dev/pts
ln -sf /proc/self/fd /root/dev/fd
ln -sf fd/0 /root/dev/stdin
ln -sf fd/1 /root/dev/stdout
ln -sf fd/2 /root/dev/stderr
for port in /root/sys/class/virtio-ports/*; do
  ln -sf "${port##*/}" "/root/dev/vm.$(cat "$port/name")"
done
exec switch_root /root /bin/bash /.vm/guest-main.sh
