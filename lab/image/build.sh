#!/bin/sh
# build.sh WORK MODULES SUITE [PACKAGE…]: makes WORK/disk.img, an ext4 disk with a Debian SUITE ready to run as a machine
# of the lab. WORK holds sources.list and apt.conf, which say where and how to get packages.
set -eu
work=$1 modules=$2 suite=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)

packages=$({ grep -v '^#' "$here/packages.txt" && for package; do echo "$package"; done; } | paste -sd ,)
# Should whoever started this be killed, mmdebstrap ends as well and unmounts what it had mounted.
setpriv --pdeathsig TERM mmdebstrap --mode=root --format=directory --variant=minbase \
  --include="$packages" \
  --aptopt="$work/apt.conf" \
  --dpkgopt=force-unsafe-io \
  --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --customize-hook="'$here/customize.sh' \"\$1\" '$modules'" \
  "$suite" "$work/root" "$work/sources.list"

# Copying the tree keeps what an archive would lose, such as the capability that lets a plain user ping.
# Tables are written now: the machine would otherwise do it in the background after its first boot.
mke2fs -q -t ext4 -m 0 -J size=16 -E lazy_itable_init=0,lazy_journal_init=0 -d "$work/root" "$work/disk.img" 1500M
