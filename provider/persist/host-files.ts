/**
 * What a host keeps in its file system so that it makes its objects again when it boots: a file for each object, a
 * script that goes through them, and a service of systemd that runs the script.
 */

/** The folder of all but the service. */
export const FOLDER = "/etc/pulumi-ipip";

const SERVICE = "pulumi-ipip.service";
export const UNIT_PATH = `/etc/systemd/system/${SERVICE}`;

/** Those who want the service, as `systemctl enable` writes it down. */
const WANTING = ["multi-user.target", "network-online.target"];
const LINKS = WANTING.map((target) => `/etc/systemd/system/${target}.wants/${SERVICE}`).join(" ");

/** Where the script notes, until the next boot, what it has made. */
const MADE = "/run/pulumi-ipip-made";

/** Seconds for which the script tries again what can't be made yet: a route, say, whose gateway DHCP has yet to tell. */
const PATIENCE = 60;

/**
 * The service runs when those who set up the network by themselves have begun, and what orders itself after
 * network-online.target finds all made (systemd.special(7)).
 */
export const UNIT = `# Made by pulumi-ipip.
[Unit]
Description=Network objects of pulumi-ipip
After=local-fs.target systemd-sysctl.service systemd-modules-load.service systemd-udev-trigger.service
After=network-pre.target
After=systemd-networkd.service NetworkManager.service networking.service
Before=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh ${FOLDER}/restore
TimeoutStartSec=${3 * PATIENCE}

[Install]
WantedBy=${WANTING.join(" ")}
`;

/**
 * Each file is a shell text with two functions. `make` gives 1 when its first command failed, and so nothing was
 * changed, else 2, after which `remove` takes away what there is of it. The files are gone through in the order in which
 * the objects were made, again and again while there is hope: so the order need not be known.
 */
export const RESTORE = `# Made by pulumi-ipip: makes again what it has made on this host.
PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin LC_ALL=C
export PATH LC_ALL
umask 077
mkdir -p ${MADE}
# The host's own devices come first, and have the numbers that they always have.
if command -v udevadm >/dev/null; then udevadm settle --timeout=${PATIENCE / 2}; fi
made() {
  (. "$1"; make) >"$2.said" 2>&1
  case $? in
    0) rm -f "$2.said"; : >"$2"; return ;;
    2) (. "$1"; remove) >/dev/null 2>&1 ;;
  esac
  return 1
}
pass() {
  left= hope=
  for file in ${FOLDER}/boot/*; do
    mark=${MADE}/\${file##*/}
    if [ ! -e "$file" ] || [ -e "$mark" ]; then continue; fi
    if made "$file" "$mark"; then hope=1; else left="$left \${file##*/}"; fi
  done
}
read -r begin rest </proc/uptime
while pass; [ -n "$left" ]; do
  [ -n "$hope" ] && continue
  read -r now rest </proc/uptime
  [ "$((\${now%%.*} - \${begin%%.*}))" -lt ${PATIENCE} ] || break
  sleep 1
done
for name in $left; do
  echo "not made: $(sed -n '1s/^# //p' "${FOLDER}/boot/$name")"
  cat "${MADE}/$name.said"
done
[ -z "$left" ]
`;

/** Lists what there is with the digests by which it is compared. */
export const LIST = `
cd ${FOLDER} 2>/dev/null || exit 0
for link in ${LINKS}; do [ -e "$link" ] || exit 0; done
set -- boot/*
[ -e "$1" ] || set --
sha256sum ${UNIT_PATH} restore "$@" 2>/dev/null
:
`;

/** Tells of each file its path and, behind a tab, its first line. */
export const HEADS = `
[ -d ${FOLDER} ] || exit 0
cd ${FOLDER} || exit
for file in boot/*; do
  [ -e "$file" ] || continue
  line=
  [ -f "$file" ] && IFS= read -r line <"$file"
  printf '%s\\t%s\\n' "$file" "$line"
done
:
`;

const BEGIN = `
d=${FOLDER} name=$1
set -- "$d"/boot/*-"$name"
file=$1
`;

/**
 * Told the end of a file's name, the script and the service's text, and on standard input the file: puts it there, under
 * the name that it has or behind all others. Each file takes its place whole and is on the disk then. What is there now is
 * made, so the script has nothing to do for it before the next boot.
 */
export const KEEP = `
[ -d /run/systemd/system ] || { echo "systemd does not run on this host: leave \`persist\` out" >&2; exit 1; }
umask 077
mkdir -p ${FOLDER}/boot ${MADE} || exit
restore=$2 unit=$3
${BEGIN}
if [ ! -e "$file" ]; then
  last=100000
  for one in "$d"/boot/*; do
    [ -e "$one" ] && last=\${one##*/} last=\${last%%-*}
  done
  file=$d/boot/$((last + 1))-$name
fi
put() {
  cat >"$d/new" && { sync "$d/new" 2>/dev/null || sync; } && mv -f "$d/new" "$1"
}
differs() {
  [ "$(cat "$1" 2>/dev/null && echo .)" != "$2." ]
}
put "$file" || exit
if differs "$d/restore" "$restore"; then printf %s "$restore" | put "$d/restore" || exit; fi
due=
if differs ${UNIT_PATH} "$unit"; then
  printf %s "$unit" | put ${UNIT_PATH} && chmod 644 ${UNIT_PATH} || exit
  due=1
fi
for link in ${LINKS}; do [ -e "$link" ] || due=1; done
[ -z "$due" ] || systemctl --quiet enable ${SERVICE} || exit
sync "$d/boot" "$d" 2>/dev/null || sync
: >"${MADE}/\${file##*/}"
`;

/** Told the end of a file's name: takes it away, and with the last one all the rest. */
export const FORGET = `
${BEGIN}
rm -f "$@" || exit
for one in "$@"; do rm -f "${MADE}/\${one##*/}"; done
set -- "$d"/boot/*
if [ -e "$1" ] || [ ! -d "$d" ]; then exit 0; fi
systemctl --quiet stop ${SERVICE}
rm -f ${LINKS} ${UNIT_PATH} "$d/restore" && rm -rf ${MADE} && rmdir "$d/boot" "$d" && systemctl daemon-reload
`;
