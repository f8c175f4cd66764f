import { lookingOver, lookups, servicesOver } from "../../provider";
import type { Connection } from "../../provider/host/connection";
import type { Host } from "../../provider/host/host";
import { limited } from "../../provider/operation";
import { Plugin } from "../../provider/plugin/plugin";

/** HOSTS are two machines, of which one has two names. */
export const HOSTS = {
  a: { host: "203.0.113.1", insecureIgnoreHostKey: true, password: "open sesame" },
  same: { host: "203.0.113.1", insecureIgnoreHostKey: true },
  b: { host: "203.0.113.2", insecureIgnoreHostKey: true },
};

/** pluginOn is the plugin, configured with those, over whatever host a function gives. */
export function pluginOn(
  open: (connection: Connection) => Host,
  hosts: unknown = HOSTS,
  showCommands = false,
): Plugin {
  const plugin = new Plugin(servicesOver(limited(open)), lookingOver(limited(open)), lookups);
  plugin.configure({ hosts, showCommands });
  return plugin;
}

/** urnOfType is that of one resource of a type. */
export function urnOfType(type: string): string {
  return `urn:pulumi:stack::project::ipip:index:${type}::name`;
}
