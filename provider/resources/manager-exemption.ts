import { z } from "zod";
import { ask } from "../ip/view";
import { exemptIn, MANAGERS, managers, reload, write } from "../manager/files";
import { always, defineResource, type Problem } from "../resource";
import { same } from "../state";
import { adopt, connection, idForm, idOf, mark } from "./common";

/** The characters of devices' names that no file of either manager takes for something else, and two wildcards. */
const Devices = z
  .string()
  .regex(
    /^[A-Za-z0-9_.*?-]{1,15}$/,
    'give the name of a device like "tun0", or a pattern with `*` and `?` like "tun*", at most 15 characters',
  )
  .refine(
    (text) => !/^[*?]+$/.test(text),
    "this would take the host's own devices from the manager too: name those of this program",
  )
  .array()
  .transform((all) => [...new Set(all)].sort())
  .default([]);

const inputs = z.strictObject({
  ...connection,
  /**
   * Who is to leave something alone: `systemd-networkd` or `NetworkManager`. Where netplan writes the configuration of
   * one of them, that one: netplan leaves files that it has not made.
   */
  manager: z.enum(MANAGERS),
  /**
   * Name of the files, without what is before and behind it: letters, digits, `_`, `.` and `-`, at most 100. Two programs
   * with one host need two names.
   */
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, 'give a file name like "pulumi-ipip", without a slash')
    .default("pulumi-ipip"),
  /**
   * Devices that the manager is not to set up: names, or patterns with `*` and `?`. Only those that this program makes
   * belong here: whatever else matches keeps what it has, but nobody renews its DHCP lease any more. Of systemd-networkd
   * they are needed where a .network file matches them, as one with `Name=*` does (`Unmanaged=`, systemd.network(5)); of
   * NetworkManager always (`unmanaged-devices=`, NetworkManager.conf(5)).
   */
  devices: Devices,
  /**
   * Whether systemd-networkd leaves the routes and rules alone that it has not made, on all devices (`ManageForeignRoutes=`
   * of systemd 246 and `ManageForeignRoutingPolicyRules=` of systemd 249, networkd.conf(5)). It reads that only when it
   * starts, and is not restarted, since that takes addresses on its devices away. So until its next start `networkctl
   * reconfigure` and `netplan apply` still take them away. Left out, it does. NetworkManager is asked for no such thing.
   */
  routing: z.boolean().optional(),
  ...adopt,
  ...mark,
});

const outputs = z.object({
  /** The paths of the files that were written. */
  files: z.array(z.string()),
});

type Desired = z.output<typeof inputs>;

/**
 * Files that make another manager of the host's network leave alone what this program makes. They bear the mark in their
 * first line. The manager is told to read them (`networkctl reload`, `nmcli general reload conf`), never restarted; where
 * it does not run they count from when it starts, and where it is not installed the resource is an error. Telling it may
 * bring other changes of its files into force, so that is done as a change of the way to the host is, under a timer.
 *
 * Deleting removes them: make what they protect depend on it, so that this comes last. Addresses on a device that
 * systemd-networkd sets up are not protected: for those its .network file needs `KeepConfiguration=static`. With systemd
 * 252, as in Debian 12, so do routes by such a device, for a restart takes its own addresses away for a moment.
 *
 * @example
 * const alone = new ManagerExemption("alone", { connection, manager: "systemd-networkd", devices: ["tun*"] });
 * new Route("to-b", { connection, destination: "10.10.2.0/24", dev: tunnel }, { dependsOn: [alone] });
 */
export const managerExemption = defineResource({
  type: "ManagerExemption",
  inputs,
  outputs,
  replaces: { manager: always, name: always },
  containers: [],
  deleteBeforeReplace: true,

  id: (desired) => idOf(desired, desired.manager, desired.name),
  which: idForm(/^(?<manager>[^/]+)\/(?<name>[^/]+)$/),
  describe: ({ manager, name }) => `exemption ${name} from ${manager}`,
  trace: (desired) => `It is these files: ${pathsOf(desired).join(", ")}.`,

  complete(known): { routing?: boolean | undefined } {
    if (known.routing !== undefined || !("routing" in known)) return {};
    return { routing: known.manager && known.manager === "systemd-networkd" };
  },

  problems({ manager, devices, routing }) {
    const found: Problem[] = [];
    const add = (key: keyof Desired, message: string) => found.push({ path: [key], message });
    const none = devices !== undefined && devices.length === 0;
    if (manager === "NetworkManager") {
      if (none) add("devices", "NetworkManager takes only devices: name those that it is to leave alone");
      if (routing === true)
        add("routing", "NetworkManager takes no routes but those of devices: leave it out");
    } else if (manager !== undefined && none && routing === false) {
      add("devices", "nothing would be left alone: name devices, or leave `routing` out");
    }
    return found;
  },

  observe: (desired) => [
    ...ask.exists(managers[desired.manager].home),
    ...pathsOf(desired).flatMap((path) => ask.file(path)),
  ],

  parse(view, desired) {
    const { manager, name } = desired;
    const texts = new Map(
      pathsOf(desired).flatMap((path) => {
        const text = view.file(path);
        return text === undefined ? [] : [[path, text] as const];
      }),
    );
    const exempt = exemptIn(manager, name, texts);
    return exempt && { ...exempt, devices: [...exempt.devices], manager, name, files: [...texts.keys()] };
  },

  obstacle(view, { manager }) {
    const { home } = managers[manager];
    if (view.exists(home)) return undefined;
    return {
      what: `${manager} is not installed: there is no ${home}`,
      advice: "Leave this resource out for the host: nobody of that name takes anything away there.",
    };
  },

  foresee: (desired) => ({ files: written(desired).map(({ path }) => path) }),

  plan(desired, observed) {
    if (desired === undefined) {
      const { manager, files = [] } = observed ?? {};
      return manager === undefined || files.length === 0 ? [] : [reload(manager, files)];
    }
    const { manager } = desired;
    const agrees = (["mark", "devices", "routing"] as const).every((key) =>
      same(desired[key] ?? false, observed?.[key]),
    );
    if (agrees) return [];
    const files = written(desired);
    const stale = observed?.files.filter((path) => !files.some((file) => file.path === path)) ?? [];
    return [...files.map(({ path, text }) => write(path, text)), reload(manager, stale)];
  },
});

function pathsOf({ manager, name }: Pick<Desired, "manager" | "name">): string[] {
  return managers[manager].parts.map((part) => part.path(name));
}

function written(desired: Desired): { path: string; text: string }[] {
  const exempt = { ...desired, routing: desired.routing ?? false };
  return managers[desired.manager].parts.flatMap((part) => {
    const text = part.write(exempt);
    return text === undefined ? [] : [{ path: part.path(desired.name), text }];
  });
}
