#!/bin/sh
# build.sh WORK KERNEL SUITE [PACKAGE…]: makes WORK/image, which holds disk.img, an ext4 disk with a Debian SUITE ready to
# run as a machine of the lab under KERNEL (uml or stock), and what else that kernel needs to boot. WORK holds sources.list
# and apt.conf, which say where and how to get packages.
set -eu
work=$1 kernel=$2 suite=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)

packages=$({
  cat "$here/packages.txt" "$here/$kernel/packages.txt" | grep -v '^#'
  for package; do echo "$package"; done
} | paste -sd ,)
mkdir "$work/image"
# Should whoever started this be killed, mmdebstrap ends as well and unmounts what it had mounted. What is excluded last are
# the hooks that would make an initial RAM disk, which takes long and is not needed.
setpriv --pdeathsig TERM mmdebstrap --mode=root --format=directory --variant=minbase \
  --include="$packages" \
  --aptopt="$work/apt.conf" \
  --dpkgopt=force-unsafe-io \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/etc/kernel/*' \
  --customize-hook="'$here/customize.sh' \"\$1\" '$kernel'" \
  --customize-hook="'$here/$kernel/customize.sh' \"\$1\" '$work/image'" \
  "$suite" "$work/root" "$work/sources.list"

# Copying the tree keeps what an archive would lose, such as the capability that lets a plain user ping.
# Tables are written now: the machine would otherwise do it in the background after its first boot.
mke2fs -q -t ext4 -m 0 -J size=16 -E lazy_itable_init=0,lazy_journal_init=0 -d "$work/root" "$work/image/disk.img" 1500M
