import { createHash } from "node:crypto";
import type { Command } from "../host/host";
import { textOf } from "../host/script";
import { modprobe } from "../ip/commands";
import type { Contract } from "../resource";
import type { Desired, Fields } from "../state";
import { FOLDER, FORGET, HEADS, KEEP, LIST, RESTORE, UNIT, UNIT_PATH } from "./host-files";

/** BootFile is what makes one object again when its host boots. */
export interface BootFile {
  /** The end of its name, which tells it from all others on the host. */
  readonly name: string;
  readonly text: string;
}

/** nameOf is the end of the name of an object's file. Whatever replaces the object has another id. */
export function nameOf(contract: Contract, desired: Desired): string {
  const digest = createHash("sha256")
    .update(`${contract.type} ${contract.id(desired)}`)
    .digest("hex");
  return `${contract.type}-${digest.slice(0, 16)}`;
}

/** bootFileOf is the plan from nothing to an object as it is. */
export function bootFileOf(contract: Contract, desired: Desired, observed: Fields): BootFile {
  const making = contract.again?.(desired, observed as never) ?? contract.plan(desired, undefined);
  const removing = contract.plan(undefined, { ...observed, ...desired, ...contract.foresee?.(desired) });
  const modules = [contract.module, contract.optionModule?.(desired)].filter((one) => one !== undefined);
  const text = [
    `# ${printable(contract.describe(desired))}${"mark" in desired ? ` ${printable(String(desired.mark))}` : ""}`,
    "make() {",
    ...modules.map((module) => makingOf(modprobe(module), ":")),
    ...making.map((command, index) => makingOf(command, `return ${index === 0 ? 1 : 2}`)),
    "}",
    "remove() {",
    ...removing.map((command) => textOf([command]).trimEnd()),
    ":",
    "}",
    "",
  ].join("\n");
  return { name: nameOf(contract, desired), text };
}

/** A kernel may have built in what a module is for, and a number that a device had may be another one's by now. */
function makingOf(command: Command, otherwise: string): string {
  const text = textOf([command]).trimEnd();
  if (command.argv[0] === "modprobe") return `{\n${text}\n} || :`;
  const argv = unnumbered(command.argv);
  const plain =
    argv.length === command.argv.length ? [] : [`{\n${textOf([{ ...command, argv }]).trimEnd()}\n}`];
  return [`{\n${text}\n}`, ...plain, otherwise].join(" || ");
}

/** unnumbered leaves the kernel to choose the numbers of devices. A device may be called `index` too. */
function unnumbered(argv: readonly string[]): string[] {
  const isOption = (at: number) => argv[at] === "index" && !["name", "dev"].includes(argv[at - 1] ?? "");
  return argv.filter((_, at) => !isOption(at) && !isOption(at - 1));
}

function printable(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** list asks for all that the host keeps. */
export const list: Command = { argv: ["sh", "-c", LIST] };

/** isKept tells from the answer whether the host will make an object again just so. */
export function isKept(listed: string, { name, text }: BootFile): boolean {
  const found = filesIn(listed);
  const file = found.find(({ path }) => path.startsWith("boot/") && path.endsWith(`-${name}`));
  return (
    file?.digest === digestOf(text) &&
    found.some(({ path, digest }) => path === UNIT_PATH && digest === digestOf(UNIT)) &&
    found.some(({ path, digest }) => path === "restore" && digest === digestOf(RESTORE))
  );
}

/** hasFile tells whether the host has a file for an object, whatever it says. */
export function hasFile(listed: string, name: string): boolean {
  return filesIn(listed).some(({ path }) => path.startsWith("boot/") && path.endsWith(`-${name}`));
}

function filesIn(listed: string): { digest: string; path: string }[] {
  return listed.split("\n").flatMap((line) => {
    const [, digest = "", path = ""] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    return path === "" ? [] : [{ digest, path }];
  });
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** heads asks what each file is for. */
export const heads: Command = {
  argv: ["sh", "-c", HEADS],
  title: `read the first lines of ${FOLDER}/boot/*`,
};

/** Head is what the first line of a file says. */
export interface Head {
  /** The end of the file's name. */
  readonly name: string;
  /** The object that it makes, in a person's words. */
  readonly object: string;
  /** Undefined where the object bears none. */
  readonly mark: string | undefined;
}

/** headsIn are the files by their paths. What is none of ours, or says nothing of an object, has no head. */
export function headsIn(listed: string): { readonly path: string; readonly head: Head | undefined }[] {
  const lines = listed.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const [path = "", ...rest] = line.split("\t");
    return { path, head: headOf(path, rest.join("\t")) };
  });
}

function headOf(path: string, line: string): Head | undefined {
  const name = /^boot\/\d+-([A-Z][A-Za-z0-9]*-[0-9a-f]{16})$/.exec(path)?.[1];
  const said = line.startsWith("# ") ? unprintable(line.slice(2)) : undefined;
  const [, object, mark] = /^(.+?)(?: (pulumi:[!-~]+))?$/s.exec(said ?? "") ?? [];
  return name === undefined || object === undefined ? undefined : { name, object, mark };
}

/** unprintable is the text that `printable` was given; undefined where that can't be. */
function unprintable(text: string): string | undefined {
  try {
    return JSON.parse(`"${text}"`);
  } catch {
    return undefined;
  }
}

/** keep puts a file onto the host. */
export function keep({ name, text }: BootFile): Command {
  return {
    argv: ["sh", "-c", KEEP, "sh", name, RESTORE, UNIT],
    stdin: text,
    title: keptAs(name),
  };
}

/** keptAs tells people of it. */
export function keptAs(name: string): string {
  return `write ${FOLDER}/boot/…-${name}`;
}

/** forget takes a file away, if there is one. */
export function forget(name: string): Command {
  return { argv: ["sh", "-c", FORGET, "sh", name], title: `remove ${FOLDER}/boot/…-${name}` };
}
