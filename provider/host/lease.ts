import { randomBytes } from "node:crypto";
import { hostname, userInfo } from "node:os";
import type { Answer, Command } from "./host";
import { runOf, scriptOf } from "./script";
import type { Shell } from "./shell";

/**
 * The lock of a host: who changes it is alone. It lies on the host itself, so it holds also between engines that know
 * nothing of each other, and has an owner and an expiry.
 *
 * An owner is one process with all its sessions. Each session leaves a file `hold.OWNER.PID`, PID being its shell on the
 * host: when that has ended, or its time is over, it holds nothing any more, so that whatever dies lets go. The lock is
 * the file `lock.N` with the highest number: it names an owner, and is free when that has no session left. Taken over, it
 * gets the next number, which only one can make, for a link fails where the name is taken.
 */
const OWNER = randomBytes(8).toString("hex");

/** Seconds that a lease outlives the longest work that is done under it. */
const MARGIN = 60;

/** What TAKE exits with when somebody else has the lock: EX_TEMPFAIL of sysexits.h. */
const TAKEN = 75;

/**
 * Where the files are, which are gone with a reboot. An environment that names another place is one where several hosts
 * share a /run.
 */
const PLACE = `d=\${PULUMI_IPIP_LOCK_DIR:-/run/pulumi-ipip}
`;

/**
 * Told the owner, the seconds and a text for others. Time is that since the host has booted, which nobody sets. A process
 * is the same only with the same start (field 22 of proc_pid_stat(5)). One whose time is over and that is there all the
 * same, as its connection broke unheard of, is ended first with what it runs, so that it does nothing more later. Who may
 * not write there can hardly change anything either, and the change itself says so.
 */
const TAKE = `${PLACE}
[ -d "$d" ] || mkdir -m 700 "$d" 2>/dev/null
[ -w "$d" ] || exit 0
owner=$1 seconds=$2 text=$3 hold=$d/hold.$1.$PPID
read -r now rest </proc/uptime
now=\${now%%.*}
began() {
  began= parent=none
  { read -r began </proc/"$1"/stat; } 2>/dev/null || return 0
  set -- \${began##*) }
  parent=$2 began=\${20}
}
there() {
  start=
  { read -r start until <"$1"; } 2>/dev/null || return 1
  began "\${1##*.}"
  [ "$began" = "$start" ]
}
holds() {
  for one in "$d/hold.$1".*; do there "$one" && [ "$until" -gt "$now" ] && return; done
  return 1
}
n=0 holder=
for one in "$d"/lock.*; do
  [ -e "$one" ] && [ "\${one##*.}" -gt "$n" ] && n=\${one##*.}
done
[ "$n" = 0 ] || { read -r holder && read -r said; } <"$d/lock.$n"
if [ "$holder" != "$owner" ]; then
  if [ -n "$holder" ] && holds "$holder"; then echo "$said"; exit ${TAKEN}; fi
  for one in /run/pulumi-ipip-undo-*/armed; do
    { read -r until <"$one"; } 2>/dev/null && [ "$until" -gt "$now" ] || continue
    echo "a change on trial, which the host may yet take back"
    exit ${TAKEN}
  done
fi
began "$PPID"
printf '%s %s\\n' "$began" "$((now + seconds))" >"$d/new.$$" && mv -f "$d/new.$$" "$hold" || exit
[ "$holder" = "$owner" ] && exit
printf '%s\\n' "$owner" "$text" >"$d/new.$$" || exit
ln "$d/new.$$" "$d/lock.$((n + 1))" 2>/dev/null
lost=$?
rm -f "$d/new.$$"
[ $lost = 0 ] || { echo "somebody who came just before"; exit ${TAKEN}; }
for one in "$d"/hold.*; do
  there "$one" && [ "$until" -gt "$now" ] && continue
  if [ -n "$start" ] && [ "$began" = "$start" ]; then
    below=" \${one##*.} " more=1
    while [ -n "$more" ]; do
      more=
      for process in /proc/[0-9]*; do
        began "\${process##*/}"
        case $below in
          *" \${process##*/} "*) ;;
          *" $parent "*) below="$below\${process##*/} " more=1 ;;
        esac
      done
    done
    kill -9 $below
  fi
  rm -f "$one"
done 2>/dev/null
[ "$n" = 0 ] || rm -f "$d/lock.$n"
`;

const RELEASE = `${PLACE}
rm -f "$d/hold.$1.$PPID"
`;

/** Lease is one session's part in the lock of its host. */
export class Lease {
  /** By our clock, until when the host takes it for ours at least. */
  private until = 0;

  constructor(private readonly shell: Shell) {}

  get held(): boolean {
    return performance.now() < this.until;
  }

  /** covers tells whether it lasts for work of so many seconds. */
  covers(seconds: number): boolean {
    return performance.now() + seconds * 1000 < this.until;
  }

  /** take takes the lock for such work, or makes the lease longer. It gives what the host answered when it did not. */
  async take(seconds: number, text: string): Promise<Answer | undefined> {
    const sent = performance.now();
    const time = Math.ceil(seconds) + MARGIN;
    const answer = await this.ask(TAKE, String(time), `${whoami()} for ${text}`);
    if (answer.code !== 0) return answer;
    this.until = sent + time * 1000;
    return undefined;
  }

  async release(): Promise<void> {
    this.until = 0;
    await this.ask(RELEASE);
  }

  private async ask(text: string, ...words: readonly string[]): Promise<Answer> {
    const command: Command = { argv: ["sh", "-c", text, "sh", OWNER, ...words] };
    const [answer] = (await this.shell.run(scriptOf([], [runOf(command)]))).values();
    if (answer === undefined) throw new Error("the host left out an answer about its lock");
    return answer;
  }
}

/** holderIn is who has the lock, in an answer that says that somebody else has it. */
export function holderIn({ code, stdout }: Answer): string | undefined {
  return code === TAKEN ? stdout.trim() : undefined;
}

/** whoami tells people who has a lock. */
function whoami(): string {
  return `${userInfo().username}@${hostname()} (process ${process.pid})`;
}
