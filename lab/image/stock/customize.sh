#!/bin/sh
# customize.sh ROOT IMAGE: takes the kernel of the machine in ROOT out into IMAGE, from where QEMU boots it. The cloud
# kernel has its NVMe disk and ext4 built in, so it needs no initial RAM disk.
set -eu
root=$1 image=$2
mv "$root"/boot/vmlinuz-* "$image/vmlinuz"

# It would take what the machines have of a network as its own. A test of it starts it.
systemctl --root "$root" --quiet disable NetworkManager.service NetworkManager-wait-online.service \
  NetworkManager-dispatcher.service
