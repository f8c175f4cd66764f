#!/usr/bin/env bash
# as-root.sh COMMAND…: runs COMMAND as root with the caller's environment, through sudo where that is needed.
# HOME is root's own, so that nothing of root's lands in the caller's home; what COMMAND leaves in .cache is
# handed back to the caller afterwards, so that the next command without root can change or remove it.
set -u
[[ $(id -u) -ne 0 ]] || exec "$@"

cache=$(cd "$(dirname "$0")/.." && pwd)/.cache
# An interrupt from the terminal reaches COMMAND by itself; this shell only has to outlive it.
trap : INT
sudo -E env "PATH=$PATH" HOME=/root "$@"
status=$?
[[ ! -d $cache ]] || sudo chown -hR --from=root "$(id -u):$(id -g)" "$cache"
exit "$status"
