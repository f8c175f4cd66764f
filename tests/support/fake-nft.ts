import type { Netns } from "./fake-kernel";
import { Refusal } from "./fake-refusal";

/** What our contracts say to nft 1.0.6, and how it answers. A rule is the text that it is said and listed in. */

export type FakeTable = ReadonlyMap<string, { readonly hook: string; readonly rules: readonly string[] }>;

type Tables = Map<string, FakeTable>;

/** runNft is `nft` in a namespace: a listing, or a transaction, of which all is done or nothing. */
export function runNft(netns: Netns, argv: readonly string[], stdin: string | undefined): string {
  const command = argv.join(" ");
  if (command === "list tables inet")
    return [...netns.tables.keys()].map((name) => `table inet ${name}\n`).join("");
  const [, listed] = /^list table inet (\S+)$/.exec(command) ?? [];
  if (listed !== undefined) return listing(listed, tableIn(netns.tables, listed));
  const lines = command === "-f -" && stdin !== undefined ? stdin.trimEnd().split("\n") : [command];
  const tables: Tables = new Map(netns.tables);
  for (const line of lines) carryOut(tables, line);
  netns.tables = tables;
  return "";
}

function carryOut(tables: Tables, line: string): void {
  const [, verb, what, name = "", rest = ""] =
    /^(create|delete|add|flush) (table|chain|rule) inet (\S+) ?(.*)$/.exec(line) ?? [];
  const [, chain = "", text = ""] = /^(\S+) ?(.*)$/.exec(rest) ?? [];
  const put = (hook: string, rules: readonly string[]) =>
    tables.set(name, new Map([...tableIn(tables, name), [chain, { hook, rules }]]));
  const within = () => tableIn(tables, name).get(chain) ?? { hook: "", rules: [] };
  switch (`${verb} ${what}`) {
    case "create table":
      if (tables.has(name)) throw refused("File exists");
      tables.set(name, new Map());
      break;
    case "delete table":
      tableIn(tables, name);
      tables.delete(name);
      break;
    case "add chain":
      put(text.slice(2, -2).replace("priority -150;", "priority mangle;"), []);
      break;
    case "add rule":
      put(within().hook, [...within().rules, text]);
      break;
    case "flush chain":
      put(within().hook, []);
      break;
    default:
      throw new Error(`the fake host does not understand \`nft ${line}\``);
  }
}

function tableIn(tables: ReadonlyMap<string, FakeTable>, name: string): FakeTable {
  const found = tables.get(name);
  if (found === undefined) throw refused("No such file or directory");
  return found;
}

function refused(why: string): Refusal {
  return new Refusal(1, `Error: Could not process rule: ${why}`);
}

/** listing prints a table as nft does. */
export function listing(name: string, table: FakeTable): string {
  const chains = [...table].map(([chain, { hook, rules }]) =>
    [`\tchain ${chain} {`, ...[hook, ...rules].map((line) => `\t\t${line}`), "\t}"].join("\n"),
  );
  return `table inet ${name} {\n${chains.join("\n\n")}\n}\n`;
}
