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

/** exported is what `pulumi stack export` writes of resources. */
export function exported(entries: readonly Entry[], stack = "dev"): string {
  const root = {
    urn: `urn:pulumi:${stack}::shop::pulumi:pulumi:Stack::shop-${stack}`,
    type: "pulumi:pulumi:Stack",
  };
  return JSON.stringify({ version: 3, deployment: { manifest: {}, resources: [root, ...entries] } });
}
