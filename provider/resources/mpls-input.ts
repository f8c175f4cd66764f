import { z } from "zod";
import { modprobe, write } from "../ip/commands";
import { PLATFORM_LABELS } from "../ip/mpls";
import { ask } from "../ip/view";
import { IfName } from "../net";
import { always, defineResource, parentName } from "../resource";
import { connection, idForm, idOf, inNamespace, namespace, persist } from "./common";

const inputs = z.strictObject({
  ...connection,
  ...namespace,
  /**
   * Device that labelled packets come in by: its name or the resource that makes it. Given the resource, this one is
   * replaced and deleted with it. Of the IPIP tunnels only those of the modes `mplsip` and `any` carry labels
   * (ip-link(8)).
   */
  dev: parentName(IfName),
  /** Whether the kernel takes labelled packets from the device, or drops them (sysctl net.mpls.conf.DEV.input). */
  input: z.boolean().default(true),
  ...persist,
});

const outputs = z.object({
  /** Whether it took them before, which deleting the resource puts back. */
  previous: z.boolean(),
});

/**
 * Whether a device takes labelled packets (mpls-sysctl.rst of the kernel); by itself none does. Sending them needs no
 * such thing. The device has this setting as long as it is there: deleting the resource puts back what was before. It
 * loads the kernel module mpls_router.
 *
 * @example
 * new MplsInput("from-b", { connection, dev: "eth1" });
 */
export const mplsInput = defineResource({
  type: "MplsInput",
  inputs,
  outputs,
  replaces: { namespace: always, dev: always },
  containers: ["namespace", "dev"],
  deleteBeforeReplace: true,
  module: "mpls_router",

  id: (desired) => idOf(desired, desired.dev),
  which: idForm(/^(?<dev>[^/]+)$/),
  describe: ({ dev, namespace }) => `MPLS input of ${dev}${inNamespace(namespace)}`,

  observe: ({ dev, namespace }) => [
    ...ask.file(pathOf(dev), namespace),
    ...ask.file(PLATFORM_LABELS, namespace),
  ],

  parse(view, { dev, namespace }) {
    const text = view.file(pathOf(dev), namespace);
    const loaded = view.file(PLATFORM_LABELS, namespace) !== undefined;
    // Without its module the kernel takes labels from no device; with it, a device that has no such file is not there.
    if (text === undefined && (loaded || !view.hasNamespace(namespace))) return undefined;
    const input = text !== undefined && text.trim() !== "0";
    return { namespace, dev, input, previous: input, loaded };
  },

  remembers: ["previous"],

  plan(desired, observed) {
    const wanted = desired === undefined ? observed?.previous : desired.input;
    const dev = desired?.dev ?? observed?.dev;
    if (dev === undefined || wanted === undefined || wanted === observed?.input) return [];
    // A device may have gone with the module.
    if (desired === undefined && observed?.loaded === false) return [];
    const netns = desired === undefined ? observed?.namespace : desired.namespace;
    const load = observed?.loaded === false ? [modprobe("mpls_router")] : [];
    return [...load, write(netns, pathOf(dev), wanted ? "1" : "0")];
  },
});

function pathOf(dev: string): string {
  return `/proc/sys/net/mpls/conf/${dev}/input`;
}
