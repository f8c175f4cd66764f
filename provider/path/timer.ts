import { randomBytes } from "node:crypto";
import type { Command } from "../host/host";
import { textOf } from "../host/script";

/**
 * What a host does by itself when nobody says in time that all is well. It is a transient timer of systemd where there is
 * one, else a shell in a session of its own, so that it outlives the connection, what sshd started for it, and us. It need
 * not outlive a reboot, which takes back all that is changed in the kernel.
 */

/** Where the host keeps what it may have to do, as long as it runs. */
const PLACE = "/run/pulumi-ipip-undo-";

/** Seconds after its time in which a timer is sure to have acted. Until then nobody else changes the host (lease.ts). */
const GRACE = 30;

/**
 * Told a folder, seconds and what takes the change back; the rest are devices. Of these it keeps the addresses and routes,
 * of which more may go than was asked for. Which of `armed` being taken away and the time being over comes first is
 * settled by one rename.
 */
const ARM = `
d=$1 t=$2
umask 077 && mkdir "$d" && printf '%s' "$3" >"$d/undo" || exit
shift 3
for dev do
  ip address save dev "$dev" >"$d/$dev.address" 2>/dev/null
  ip -4 route save table all type unicast dev "$dev" >"$d/$dev.route4" 2>/dev/null
  ip -6 route save table all type unicast dev "$dev" >"$d/$dev.route6" 2>/dev/null
done
cat >"$d/run" <<'end'
cd "$1" || exit
if mv armed over 2>/dev/null; then
  sh ./undo
  for kept in *.address; do [ -s "$kept" ] && ip address restore <"$kept"; done
  for kept in *.route4 *.route6; do [ -s "$kept" ] && ip route restore <"$kept"; done
fi >/dev/null 2>&1
rm -rf "$1"
end
read -r up rest </proc/uptime
echo "$((\${up%%.*} + t + ${GRACE}))" >"$d/armed"
unit=\${d##*/}
if [ -d /run/systemd/system ] && systemd-run --quiet --collect --unit="$unit" --on-active="$t" \\
  --timer-property=AccuracySec=100ms --setenv=PATH="$PATH" /bin/sh "$d/run" "$d" 2>/dev/null
then exit 0
fi
command -v setsid >/dev/null || { rm -rf "$d"; echo "neither systemd-run nor setsid is there" >&2; exit 1; }
setsid sh -c 'trap "" HUP; sleep "$1"; exec sh "$2/run" "$2"' sh "$t" "$d" </dev/null >/dev/null 2>&1 3>&- 4>&- &
`;

/** Told the folder: takes the timer's right to act away, unless it has begun to. */
const DISARM = '[ -e "$1/kept" ] || mv "$1/armed" "$1/kept"';

/** The same once the change has come to its end, which nobody has heard of. */
const DISARM_DONE = `while [ -e "$1/armed" ] && [ ! -e "$1/done" ]; do sleep 1; done; ${DISARM}`;

/** Told the folder: waits until the timer has done its work. */
const OVER = 'n=0; while [ -e "$1" ] && [ $n -lt 30 ]; do sleep 1; n=$((n + 1)); done; [ ! -e "$1" ]';

/** Timer is one that runs on a host. */
export class Timer {
  private readonly folder = PLACE + randomBytes(8).toString("hex");

  /** A timer acts after a number of seconds. */
  constructor(readonly seconds: number) {}

  /** arm starts it, with what it is to do and the devices to keep all of. */
  arm(undo: readonly Command[], devices: Iterable<string>): Command {
    return this.shell(ARM, String(this.seconds), textOf(undo), ...devices);
  }

  /** done notes that the change has come to its end. */
  get done(): Command {
    return { argv: ["touch", `${this.folder}/done`] };
  }

  /** disarm leaves the change as it is; it fails once the timer has acted. `heard` is whether the change has ended. */
  disarm(heard: boolean): Command {
    return this.shell(heard ? DISARM : DISARM_DONE);
  }

  /** over succeeds when the timer has nothing more to do. */
  get over(): Command {
    return this.shell(OVER);
  }

  private shell(text: string, ...words: readonly string[]): Command {
    return { argv: ["sh", "-c", text, "sh", this.folder, ...words] };
  }
}
