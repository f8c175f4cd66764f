#!/bin/sh
# customize.sh ROOT IMAGE: gives the machine in ROOT the modules of the outer machine's User-mode Linux.
set -eu
root=$1
modules=$(echo /usr/lib/uml/modules/*)
version=$(basename "$modules")

# Only the modules a network needs: all of them are ten times as many.
mkdir -p "$root/lib/modules/$version"
cd "$modules"
cp --parents -r modules.builtin* modules.order kernel/net kernel/crypto kernel/lib kernel/drivers/net "$root/lib/modules/$version"
chroot "$root" depmod "$version"

# They run only where a test starts them.
systemctl --root "$root" --quiet mask bird.service
systemctl --root "$root" --quiet disable strongswan.service
