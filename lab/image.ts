import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { IMAGES } from "./paths";
import { hasCode, isAlive, ownProcess } from "./process";
import { allRecords } from "./record";
import { aptOptions, aptSources, SUITE } from "./sources";
import { lastLines, until } from "./wait";

/** ADMIN_PASSWORD is what the user `admin` of every machine logs in with and types for sudo. */
export const ADMIN_PASSWORD = "lab-admin";

const RECIPE = resolve(__dirname, "image");
const MODULES = "/usr/lib/uml/modules";
const BUILDING = "building";

/**
 * ensureImage gives the path of the machines' disk image and builds it where that has not been done yet. `packages` are
 * Debian packages that an image has besides those of packages.txt.
 */
export async function ensureImage(
  say: (line: string) => void,
  packages: readonly string[] = [],
): Promise<string> {
  const modules = kernelModules();
  const key = contentKey(modules);
  const image = join(IMAGES, `${[key, ...packages].join("-")}.img`);
  if (existsSync(image)) return image;

  const started = performance.now();
  say(`building the disk image of the lab's machines (Debian ${SUITE}; about a minute)`);
  mkdirSync(IMAGES, { recursive: true });
  await removeUnfinished();
  const { pid, start } = ownProcess();
  const work = join(IMAGES, `${BUILDING}-${pid}-${start}`);
  mkdirSync(work);
  try {
    writeFileSync(join(work, "sources.list"), lines(await aptSources()));
    writeFileSync(join(work, "apt.conf"), lines(await aptOptions()));
    await build(work, modules, packages);
    renameSync(join(work, "disk.img"), image);
    removeOutdated(key);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  say(`built the disk image in ${Math.round((performance.now() - started) / 1000)} s`);
  return image;
}

const lines = (all: readonly string[]) => all.map((line) => `${line}\n`).join("");

async function build(work: string, modules: string, packages: readonly string[]): Promise<void> {
  const logFile = join(IMAGES, "build.log");
  const log = openSync(logFile, "w");
  // The build must not go on for long when this process is killed.
  const command = [join(RECIPE, "build.sh"), work, modules, SUITE, ...packages];
  const child = spawn("setpriv", ["--pdeathsig", "TERM", ...command], {
    stdio: ["ignore", log, log],
    env: { ...process.env, LC_ALL: "C", LAB_ADMIN_PASSWORD: ADMIN_PASSWORD },
  });
  closeSync(log);
  const [code] = await once(child, "exit");
  if (code !== 0)
    throw new Error(`the disk image could not be built; the end of ${logFile}:\n${lastLines(logFile)}`);
}

function kernelModules(): string {
  const [version] = existsSync(MODULES) ? readdirSync(MODULES) : [];
  if (version === undefined) {
    throw new Error(
      "User-mode Linux is not installed: `make setup` installs it and all else in lab/packages.txt",
    );
  }
  return join(MODULES, version);
}

/** Everything that goes into the image but the packages' own versions. */
function contentKey(modules: string): string {
  const hash = createHash("sha256").update(`${SUITE} ${modules} ${ADMIN_PASSWORD}`);
  const files = readdirSync(RECIPE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.path, entry.name))
    .sort();
  for (const file of files) hash.update(`\0${file.slice(RECIPE.length)}\0`).update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}

/** An image of an older recipe goes, unless machines that run have it as their disk's base. */
function removeOutdated(key: string): void {
  const used = new Set(allRecords().map(({ image }) => image));
  for (const name of readdirSync(IMAGES)) {
    const file = join(IMAGES, name);
    if (name.endsWith(".img") && !name.startsWith(key) && !used.has(file)) rmSync(file);
  }
}

/** A build whose process was killed leaves its folder, and mmdebstrap, which ends with the step that it is at. */
async function removeUnfinished(): Promise<void> {
  for (const name of readdirSync(IMAGES)) {
    const [kind, pid, start = ""] = name.split("-");
    if (kind !== BUILDING || isAlive({ pid: Number(pid), start })) continue;
    await until(() => removed(join(IMAGES, name)), { for: "an interrupted build to end", seconds: 120 });
  }
}

function removed(folder: string): true | undefined {
  try {
    rmSync(folder, { recursive: true, force: true });
    return true;
  } catch (error) {
    if (hasCode(error, "ENOTEMPTY")) return undefined;
    throw error;
  }
}
