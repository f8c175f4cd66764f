import { z } from "zod";
import { modprobe, write } from "../ip/commands";
import { FIRST_LABEL, MAX_TABLE, PLATFORM_LABELS } from "../ip/mpls";
import { ask } from "../ip/view";
import { ROUTE_PROTOCOL } from "../mark";
import { always, defineResource } from "../resource";
import { connection, idOf, inNamespace, namespace, persist } from "./common";

const A_SIZE = `give a number from ${FIRST_LABEL + 1} to ${MAX_TABLE}, larger than the largest label of a route`;

const inputs = z.strictObject({
  ...connection,
  ...namespace,
  /**
   * Number of entries, 17 to 1048575 (sysctl net.mpls.platform_labels): an `MplsRoute` can have labels below it. The
   * kernel takes 8 bytes of memory for each, and drops the routes that no longer fit when it becomes smaller.
   */
  platformLabels: z
    .int(A_SIZE)
    .min(FIRST_LABEL + 1, A_SIZE)
    .max(MAX_TABLE, A_SIZE),
  ...persist,
});

const outputs = z.object({
  /** The number of entries from before, which deleting the resource puts back. */
  previous: z.int(),
});

/**
 * The table of MPLS labels of the host or of a network namespace (mpls-sysctl.rst of the kernel). By itself it has no
 * entries, and no label a route. Have one resource for each namespace, and let each `MplsRoute` there depend on it.
 * Deleting it puts back the size from before, or what somebody else's routes still need. It loads the kernel module
 * mpls_router.
 *
 * @example
 * const labels = new MplsLabelTable("labels", { connection, platformLabels: 1000 });
 */
export const mplsLabelTable = defineResource({
  type: "MplsLabelTable",
  inputs,
  outputs,
  replaces: { namespace: always },
  containers: ["namespace"],
  deleteBeforeReplace: true,
  module: "mpls_router",

  id: (desired) => idOf(desired, "mpls"),
  which: (path) => (path === "mpls" ? {} : undefined),
  describe: ({ namespace }) => `MPLS label table${inNamespace(namespace) || " of the host"}`,

  observe: ({ namespace }) => [...ask.file(PLATFORM_LABELS, namespace), ...ask.labelRoutes(namespace)],

  parse(view, { namespace }) {
    const routes = view.labelRoutes(namespace);
    if (routes === undefined) return undefined;
    const text = view.file(PLATFORM_LABELS, namespace);
    // Without its module the kernel has room for no label.
    const size = Number(text ?? 0);
    const others = routes.filter(({ protocol }) => protocol !== ROUTE_PROTOCOL).map(({ label }) => label + 1);
    return {
      namespace,
      platformLabels: size,
      previous: size,
      loaded: text !== undefined,
      needed: Math.max(0, ...others),
    };
  },

  remembers: ["previous"],

  plan(desired, observed) {
    if (observed === undefined && desired === undefined) return [];
    const wanted = desired?.platformLabels ?? Math.max(observed?.previous ?? 0, observed?.needed ?? 0);
    if (wanted === observed?.platformLabels) return [];
    // With the module the table has gone.
    if (desired === undefined && observed?.loaded === false) return [];
    const netns = desired === undefined ? observed?.namespace : desired.namespace;
    const load = observed?.loaded === false ? [modprobe("mpls_router")] : [];
    return [...load, write(netns, PLATFORM_LABELS, String(wanted))];
  },
});
