import type { z } from "zod";
import { type Device, deviceProblems } from "../ip/device";
import { always, type Problem } from "../resource";
import { type Fields, same } from "../state";
import { AUTO } from "./device";
import { encapProblems } from "./encap";
import { outer4Problems } from "./outer4";
import { outer6Problems } from "./outer6";

/** What Linux can change in no kind of tunnel. */
export const replaces = {
  name: always,
  namespace: always,
  underlayNamespace: always,
  external: always,
  dev: (from: unknown, to: unknown) => from !== undefined && to === undefined,
};

/** between tells that one of two ends is `any` and the other is not. */
export const between = (from: unknown, to: unknown) => (from === "any") !== (to === "any");

/** Inputs that a device has also where each packet brings its own header. */
const OF_ANY_DEVICE = [
  "connection",
  "namespace",
  "underlayNamespace",
  "name",
  "external",
  "mtu",
  "addresses",
  "multicast",
  "up",
  "adopt",
  "allowManagementPath",
  "mark",
];

interface Ways {
  /** The family of the outer header. */
  readonly family: 4 | 6;
  /** The kernel's own device of this kind, which has neither end; undefined where another one may have none too. */
  readonly fallback?: string;
  readonly multicast?: boolean;
}

/** tunnelProblems is what is wrong between the inputs that all kinds have. */
export function tunnelProblems(inputs: z.ZodObject, known: Fields, ways: Ways): Problem[] {
  const { local, remote, external, mtu, dev, underlayNamespace } = known;
  const { family, fallback, multicast = false } = ways;
  const found = deviceProblems({ ...known, mtu: typeof mtu === "number" ? mtu : undefined } as Device);
  const problems = family === 4 ? outer4Problems : outer6Problems;
  found.push(...problems(known, multicast), ...encapProblems(known.encap as never, family));
  if (external === true) found.push(...externalProblems(inputs, known));
  else if (local === "any" && remote === "any" && fallback !== undefined) {
    const message = `a tunnel needs \`local\`, \`remote\` or both: the one without either is the kernel's ${fallback}`;
    found.push({ path: ["remote"], message });
  }
  if (mtu === AUTO && remote === "any") {
    const message = "`auto` follows the route to `remote`: give `remote` an address, or `mtu` a number";
    found.push({ path: ["mtu"], message });
  }
  if (dev !== undefined && underlayNamespace !== undefined) {
    const message =
      "a device of another namespace can't be named to the kernel: leave `dev` out, and the route to `remote` decides";
    found.push({ path: ["dev"], message });
  }
  return found;
}

function externalProblems(inputs: z.ZodObject, known: Fields): Problem[] {
  const usual = (key: string) => {
    const { success, data } = (inputs.shape[key] as z.ZodType).safeParse(undefined);
    return success ? data : undefined;
  };
  return Object.entries(known)
    .filter(([key, value]) => !OF_ANY_DEVICE.includes(key) && value !== undefined && !same(value, usual(key)))
    .map(([key]) => ({
      path: [key],
      message: `with \`external\` each packet brings its own: leave \`${key}\` out`,
    }));
}
