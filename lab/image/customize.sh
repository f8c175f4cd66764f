#!/bin/sh
# customize.sh ROOT KERNEL: makes a machine of the lab out of the plain Debian in ROOT.
set -eu
root=$1 kernel=$2
here=$(cd "$(dirname "$0")" && pwd)

for files in "$here/files" "$here/$kernel/files"; do
  cd "$files"
  find . -type f | while read -r file; do
    mode=644
    case $file in
      ./usr/local/lib/lab/* | ./usr/lib/systemd/system-shutdown/*) mode=755 ;;
      ./etc/sudoers.d/*) mode=440 ;;
    esac
    install -D -o 0 -g 0 -m "$mode" "$file" "$root/$file"
  done
done

for user in ops admin; do
  chroot "$root" useradd --create-home --shell /bin/bash "$user"
done
echo "admin:$LAB_ADMIN_PASSWORD" | chroot "$root" chpasswd

# Host keys are handed to each machine when it boots, and so is its name; its id it makes up itself.
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname" "$root/etc/resolv.conf"
: >"$root/etc/machine-id"
# Nothing is newer than what is made from it, so the first boot has no caches to write.
touch "$root/etc/.updated" "$root/var/.updated"

systemctl --root "$root" --quiet enable lab-configure.service lab-ready.service lab-control.service
# What only costs time at each boot, on a machine without clock hardware, packages to update or people at its screen.
systemctl --root "$root" --quiet set-default multi-user.target
systemctl --root "$root" --quiet mask getty.target systemd-logind.service systemd-timesyncd.service \
  systemd-networkd.service nftables.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
  fstrim.timer e2scrub_all.timer e2scrub_reap.service systemd-udev-trigger.service systemd-sysusers.service \
  systemd-random-seed.service systemd-update-utmp.service systemd-update-utmp-runlevel.service \
  systemd-journal-flush.service systemd-pcrphase.service systemd-pcrphase-sysinit.service modprobe@.service \
  dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
  sys-fs-fuse-connections.mount
