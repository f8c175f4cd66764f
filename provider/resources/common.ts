import { z } from "zod";
import { Connection, named, PORT } from "../host/connection";
import type { Command } from "../host/host";
import { ip } from "../ip/commands";
import type { Link } from "../ip/links";
import { ask } from "../ip/view";
import { HostName, NetnsName } from "../net";
import { type Obstacle, parentName } from "../resource";
import type { Fields } from "../state";

/** Inputs that several resources have, with one meaning. */

export const connection = {
  /**
   * How to reach the host: its address, credentials, and the key by which it proves who it is. Another `host` or `port`
   * is another machine, and replaces the resource; any other change of it touches nothing on the host. What the files
   * of ssh_config say is not compared: an alias that leads to another machine one day is no change. Required, unless
   * there is `host`.
   */
  connection: named(Connection),
  /**
   * Name of a host of the provider's configuration, `ipip:hosts`, in place of `connection`. The name says which machine it
   * is: another name replaces the resource where it leads to another address, but another address under the same name is
   * the same machine at a new place. The state has no more than the name, so credentials are kept once, and may change.
   */
  host: HostName.optional(),
};

export const namespace = {
  /**
   * Network namespace that the object is in: a `Namespace`, or the name of one (ip-netns(8)). Left out, it is the
   * one that the SSH session lands in, the host's own. Given the resource, the object is replaced and deleted with it.
   */
  namespace: parentName(NetnsName).optional(),
};

export const adopt = {
  /**
   * Takes over an object of the same name that is there already and brings it to what is asked for; a device of
   * another kind that has the name is removed. Without it such an object is an error and stays as it is. Once taken
   * over it is ours: deleting the resource removes it.
   */
  adopt: z.boolean().default(false),
};

export const managementPath = {
  /**
   * Tries also a change that would surely cut the way by which this host is reached, such as taking down the device that
   * carries the SSH connection; without it such a change is an error, and nothing is sent. The host takes it back by
   * itself, as any that may cut the way, unless a new connection comes about within `connection.undoTimeout`.
   */
  allowManagementPath: z.boolean().default(false),
};

export const persist = {
  /**
   * Whether the host makes the object again when it boots. `none`: it is gone with a reboot, and the next `pulumi up` makes
   * it. `systemd`: a service, pulumi-ipip.service, makes it from the same commands, before anything that is ordered after
   * network-online.target (systemd.special(7)), and tries for a minute what can't be made yet. What it needs must be made
   * at boot too: give it to all that belongs together. The files are in /etc/pulumi-ipip; what was changed in them or is
   * missing is drift, and reads `none`. Deleting the resource removes its file, the last one the service.
   */
  persist: z.enum(["none", "systemd"]).default("none"),
};

export const mark = {
  /**
   * Tells our objects from a stranger's. A device has it as its alias (ip-link(8)), a namespace as the alias of its
   * `lo`, an nftables rule as its comment (nft(8)); a route shows no more than protocol 204 (ip-route(8)). Left out, it
   * is `pulumi:PROJECT/STACK/NAME`, and there is no need to set it.
   */
  mark: z
    .string()
    .regex(
      /^pulumi:[\x21\x22\x24-\x7e]{1,248}$/,
      'begins with "pulumi:" and has no blanks, "#" or more than 255 characters',
    ),
};

/** inNamespace is the end of a sentence that says where an object is. */
export function inNamespace(netns: string | undefined): string {
  return netns === undefined ? "" : ` in namespace ${netns}`;
}

/** idOf makes an id of a host, a namespace and what is unique in it; the host's own namespace is an empty part. */
export function idOf(
  desired: { connection: Connection; namespace?: string | undefined },
  ...parts: string[]
): string {
  const { host, port = PORT } = desired.connection;
  return [port === PORT ? host : `${host}:${port}`, desired.namespace ?? "", ...parts].join("/");
}

/**
 * idForm reads the part of an id after the host and the namespace: the groups of a pattern are inputs by their names, a
 * number where it is one of `numbers` and reads as one. A group that is left out is an input that is left out.
 */
export function idForm(pattern: RegExp, ...numbers: string[]): (path: string) => Fields | undefined {
  return (path) => {
    const groups = pattern.exec(path)?.groups;
    if (groups === undefined) return undefined;
    const told = Object.entries(groups).filter(([, text]) => text !== undefined);
    const read = (key: string, text: string) =>
      numbers.includes(key) && /^\d+$/.test(text) ? Number(text) : text;
    return Object.fromEntries(told.map(([key, text]) => [key, read(key, text)]));
  };
}

/** glanceAtLink is what to ask about one device. A named namespace is listed, which one process does for all in it. */
export function glanceAtLink(netns: string | undefined, name: string): Command[] | undefined {
  return netns === undefined ? ask.link(name) : undefined;
}

/** pickDefined is an object without the keys that have no value. */
export function pickDefined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** nameTaken is the obstacle that a device of another kind is to one of that name. */
export function nameTaken({ name, kind, alias }: Link, netns: string | undefined): Obstacle {
  const what = `the name ${name}${inNamespace(netns)} is taken by ${withArticle(kind ?? "device")}`;
  return {
    what: alias === undefined ? what : `${what}, alias ${alias}`,
    remove: [ip(netns, "link", "delete", "dev", name)],
    advice: "Choose another name, remove it by hand, or set `adopt: true` to have it removed.",
  };
}

function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
}
