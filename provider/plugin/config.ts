import { Configuration } from "../configuration";
import { readHosts } from "../hosts";
import type { Problem } from "../resource";
import type { Fields } from "../state";
import { bare, secret } from "./struct";

export interface Config {
  /** As the engine hands it over: an object, or JSON. */
  readonly hosts: unknown;
  readonly showCommands: boolean;
}

const KEYS = Object.keys(Configuration.shape);
/** What the engine itself puts beside a provider's properties. */
const ENGINES = ["version", "pluginDownloadURL", "__internal"];

/** configOf reads the properties of a provider. The engine hands over each that is no text as JSON. */
export function configOf(given: Fields): Config {
  return {
    hosts: bare(given.hosts),
    showCommands: [true, "true"].includes(bare(given.showCommands) as string),
  };
}

/** configProblems says what is wrong with the properties of a provider. */
export function configProblems(given: Fields): readonly Problem[] {
  const strange = Object.keys(given).filter((key) => ![...KEYS, ...ENGINES].includes(key));
  const { showCommands } = given;
  return [
    ...strange.map((key) => ({
      path: [key],
      message: `there is no property of this name; there are ${KEYS.join(", ")}`,
    })),
    ...readHosts(bare(given.hosts)).problems,
    ...([undefined, true, false, "true", "false"].includes(bare(showCommands) as string)
      ? []
      : [{ path: ["showCommands"], message: "give true or false" }]),
  ];
}

/** keptSecret are the properties of a provider with what is secret in them marked as such, wherever a program did not. */
export function keptSecret(given: Fields): Fields {
  const secrets = readHosts(bare(given.hosts)).hosts.secrets;
  return secrets.length > 0 ? { ...given, hosts: secret(given.hosts) } : given;
}
