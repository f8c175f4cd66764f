import { z } from "zod";
import { write } from "../ip/commands";
import { ask } from "../ip/view";
import { always, defineResource } from "../resource";
import { connection, idForm, idOf, inNamespace, managementPath, namespace, persist } from "./common";

/** Key: in the form of sysctl(8), dots between the parts; a "/" within a part stands for a dot, as in `eth0/100`. */
const Key = z
  .string()
  .transform((text) =>
    /^[^./]+\//.test(text) ? text.replace(/[./]/g, (char) => (char === "." ? "/" : ".")) : text,
  )
  .pipe(
    z
      .string()
      .regex(
        /^[A-Za-z0-9_/-]+(\.[A-Za-z0-9_/-]+)+$/,
        'write a key as sysctl(8) does, like "net.ipv4.ip_forward"',
      )
      .refine(
        (text) => text.split(".").every((part) => !/^\/+$/.test(part)),
        "a part of a key can't be made of slashes",
      ),
  );

const Value = z
  .union([z.int().transform(String), z.string()], "give a whole number or text")
  .transform(canonical)
  .refine(isOneLine, {
    error: "a value is one line of printable text",
  });

const inputs = z.strictObject({
  ...connection,
  ...namespace,
  /**
   * Key as sysctl(8) takes it: `net.ipv4.ip_forward`; a dot within a part is written as a slash, as in
   * `net.ipv4.conf.eth0/100.rp_filter`. In a namespace it begins with `net.`.
   */
  key: Key,
  /** Value, a whole number or one line of text; several numbers are parted by blanks: `"4096 87380 6291456"`. */
  value: Value,
  ...persist,
  ...managementPath,
});

const outputs = z.object({
  /** The value from before, which deleting the resource puts back. */
  previous: z.string(),
});

/**
 * One kernel parameter of the host or of a network namespace (sysctl(8), the kernel's
 * Documentation/networking/ip-sysctl.rst). It is always there: making the resource sets it, deleting puts back what
 * was before. Each namespace has its own `net.*`.
 *
 * @example
 * new Sysctl("forwarding", { connection, key: "net.ipv4.ip_forward", value: 1 });
 */
export const sysctl = defineResource({
  type: "Sysctl",
  inputs,
  outputs,
  replaces: { namespace: always, key: always },
  containers: ["namespace"],
  deleteBeforeReplace: true,

  id: (desired) => idOf(desired, desired.key),
  which: idForm(/^(?<key>.+)$/),
  describe: ({ key, namespace }) => `sysctl ${key}${inNamespace(namespace)}`,

  problems({ namespace, key }) {
    if (namespace === undefined || key === undefined || key.startsWith("net.")) return [];
    return [{ path: ["key"], message: `"${key}" is the whole host's; only net.* is a namespace's own` }];
  },

  observe: ({ key, namespace }) => ask.file(pathOf(key), namespace),

  parse(view, { key, namespace }) {
    const text = view.file(pathOf(key), namespace);
    return text === undefined
      ? undefined
      : { namespace, key, value: canonical(text), previous: canonical(text) };
  },

  remembers: ["previous"],

  plan(desired, observed) {
    const wanted = desired === undefined ? observed?.previous : desired.value;
    const key = desired?.key ?? observed?.key;
    if (key === undefined || wanted === undefined || wanted === observed?.value) return [];
    return [write(desired === undefined ? observed?.namespace : desired.namespace, pathOf(key), wanted)];
  },
});

/** The kernel prints several values with tabs between them, and takes blanks. */
function canonical(text: string): string {
  return text.trim().replace(/[ \t]+/g, " ");
}

function isOneLine(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

function pathOf(key: string): string {
  const parts = key.split(".").map((part) => part.replaceAll("/", "."));
  return ["/proc/sys", ...parts].join("/");
}
