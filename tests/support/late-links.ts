/**
 * late-links.ts up|preview: programs with a mistake in an output, each with a monitor of its own that makes nothing. An
 * error in an output ends a program as a rejection that nobody handles, which is why they run in a process apart. Prints
 * what ended each of them, and what it had asked for.
 */
import * as pulumi from "@pulumi/pulumi";
import { TunnelLink } from "../../sdk";
import type { LinkArgs } from "../../sdk/link/link";
import { linkArgs } from "./links";

const preview = process.argv[2] === "preview";

/** An output of a resource that is still to be made: not known at preview. */
const open = (text: string) =>
  (preview ? pulumi.output(pulumi.unknown) : pulumi.output(text)) as pulumi.Output<string>;
const trusted = { insecureIgnoreHostKey: true };

const programs: Readonly<Record<string, () => object>> = {
  "a.underlay": () => linkArgs({ a: { underlay: open("2001:db8::1") } }),
  "b.underlay": () => linkArgs({ b: { underlay: open("203.0.113.1") } }),
  "b.address": () => linkArgs({ b: { address: open("10.0.0.1/30") } }),
  mtu: () => linkArgs({ mtu: open("1").apply(Number) }),
  "b.connection": () => linkArgs({ b: { connection: { host: open("host1"), ...trusted } } }),
  "b.connection.port": () =>
    linkArgs({ b: { connection: open("x").apply(() => ({ host: "h", port: 0, ...trusted })) } }),
  "a.networks[0]": () => linkArgs({ a: { networks: ["203.0.113.2"] }, b: { underlay: open("203.0.113.2") } }),
  "a.address": () =>
    linkArgs({ a: { address: pulumi.output("10.0.0.1") }, b: { underlay: open("203.0.113.2") } }),
};

/** The one of them that is known at preview already. */
export const EARLY = "a.address";

export interface Outcome {
  readonly ended: readonly string[];
  readonly made: readonly string[];
}

async function main(): Promise<void> {
  let ended = new Set<string>();
  let first = () => {};
  process.on("unhandledRejection", (error: Error) => {
    ended.add(error.message);
    first();
  });
  const outcomes: Record<string, Outcome> = {};
  for (const [path, args] of Object.entries(programs)) {
    const made: string[] = [];
    ended = new Set();
    await pulumi.runtime.setMocks(
      {
        newResource: ({ name, type, inputs }) => {
          if (!type.endsWith("TunnelLink") && !type.endsWith("Sysctl")) made.push(name);
          return { id: name, state: { ...inputs, effectiveMtu: 1480 } };
        },
        call: () => ({}),
      },
      "shop",
      "prod",
      preview,
    );
    const ends = new Promise<void>((resolve) => {
      first = resolve;
    });
    new TunnelLink("wan", args() as LinkArgs);
    if (!preview || path === EARLY) await ends;
    await pulumi.runtime.disconnect().catch(() => undefined);
    outcomes[path] = { ended: [...ended], made };
  }
  process.stdout.write(JSON.stringify(outcomes));
}

if (require.main === module) void main();
