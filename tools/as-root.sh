#!/usr/bin/env bash
# as-root.sh COMMAND…: runs COMMAND as root with the caller's environment, through sudo where that is needed.
# HOME is root's own, so that nothing of root's lands in the caller's home; what COMMAND leaves in .cache is
# handed back to the caller afterwards, so that the next command without root can change or remove it.
set -u
[[ $(id -u) -ne 0 ]] || exec "$@"

cache=$(cd "$(dirname "$0")/.." && pwd)/.cache

# hand_back: never more than this clone's own files. While an image is built, or after a build was killed, .cache/lab
# holds a Debian whose files must stay root's and in which the machine's own /proc, /sys and devices are mounted.
hand_back() {
  sudo find "$cache" -xdev -path "$cache/lab" -prune -o \
    -user root \( -type f -o -type d -o -type l \) -exec chown -h "$(id -u):$(id -g)" {} +
}

# An interrupt from the terminal reaches COMMAND by itself; this shell only has to outlive it.
trap : INT
sudo -E env "PATH=$PATH" HOME=/root "$@"
status=$?
[[ ! -d $cache ]] || hand_back
exit "$status"
