import type { Contract } from "../../provider/resource";
import type { Fields } from "../../provider/state";
import type { FakeHost } from "./fake-host";
import { CONNECTION, MiniEngine } from "./mini-engine";

/** Entry is a resource as `pulumi stack export` writes it. */
export type Entry = Fields & { readonly urn: string };

/** secret is a value as an export has it with --show-secrets, or without. */
export function secret(value: unknown, shown = true): Fields {
  const said = shown ? { plaintext: JSON.stringify(value) } : { ciphertext: "v1:abc" };
  return { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ...said };
}

/** entry is a resource of ours. */
export function entry(type: string, name: string, recorded: Fields, stack = "dev"): Entry {
  const urnType = `pulumi-nodejs:dynamic/ipip:${type}`;
  return { urn: `urn:pulumi:${stack}::shop::${urnType}::${name}`, type: urnType, custom: true, ...recorded };
}

/** made makes an object on a host, and gives what the state says of it. */
export async function made(
  host: FakeHost,
  contract: Contract,
  name: string,
  { stack = "dev", ...inputs }: Fields & { readonly stack?: string },
): Promise<Entry> {
  const engine = new MiniEngine(contract, host);
  const mark = "mark" in contract.inputs.shape ? { mark: `pulumi:shop/${stack}/${name}` } : {};
  await engine.up({ connection: { ...CONNECTION, host: host.label }, ...mark, ...inputs });
  const { id, inputs: said, outputs } = engine.state ?? {};
  return entry(contract.type, name, { id, inputs: said, outputs }, stack);
}

/** named are resources of the plugin's, on a host that they call by a name, and their provider with a secret. */
export function named(entries: readonly Entry[], host: string, shown = true): Entry[] {
  const type = "pulumi:providers:ipip";
  const urn = `urn:pulumi:dev::shop::${type}::default`;
  const bags = entries.map(({ inputs, outputs }) => [inputs, outputs] as [Fields, Fields]);
  const connection = bags[0]?.[1].connection as Fields;
  const hosts = secret(JSON.stringify({ [host]: { ...connection, password: "open sesame" } }), shown);
  const without = ({ connection: _, ...bag }: Fields) => ({ ...bag, host });
  const moved = entries.map((entry, at) => {
    const ours = (entry.type as string).replace("pulumi-nodejs:dynamic/ipip", "ipip:index");
    const [inputs, outputs] = bags[at] ?? [{}, {}];
    const place = { urn: entry.urn.replace(entry.type as string, ours), type: ours, provider: `${urn}::one` };
    return { ...entry, ...place, inputs: without(inputs), outputs: without(outputs) };
  });
  return [{ urn, type, custom: true, id: "one", inputs: { hosts } }, ...moved];
}

/** exported is what `pulumi stack export` writes of resources. */
export function exported(entries: readonly Entry[], stack = "dev"): string {
  const root = {
    urn: `urn:pulumi:${stack}::shop::pulumi:pulumi:Stack::shop-${stack}`,
    type: "pulumi:pulumi:Stack",
  };
  return JSON.stringify({ version: 3, deployment: { manifest: {}, resources: [root, ...entries] } });
}
