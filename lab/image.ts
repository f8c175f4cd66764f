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
import { aptOptions, aptSources } from "./sources";
import { SYSTEMS, type System, type SystemName } from "./system";
import { lastLines, until } from "./wait";

/** ADMIN_PASSWORD is what the user `admin` of every machine logs in with and types for sudo. */
export const ADMIN_PASSWORD = "lab-admin";

const RECIPE = resolve(__dirname, "image");
const BUILDING = "building";

/**
 * ensureImage gives the path of the folder with a system's disk image and what else its kernel boots from, and builds it
 * where that has not been done yet. `packages` are Debian packages that an image has besides those of packages.txt.
 */
export async function ensureImage(
  say: (line: string) => void,
  name: SystemName,
  packages: readonly string[] = [],
): Promise<string> {
  const system = SYSTEMS[name];
  const key = `${name}-${contentKey(system)}`;
  const image = join(IMAGES, [key, ...packages].join("-"));
  if (existsSync(image)) return image;

  const started = performance.now();
  say(`building the disk image of the lab's ${name} machines (Debian ${system.release}; about a minute)`);
  mkdirSync(IMAGES, { recursive: true });
  await removeUnfinished();
  const { pid, start } = ownProcess();
  const work = join(IMAGES, `${BUILDING}-${pid}-${start}`);
  mkdirSync(work);
  try {
    writeFileSync(join(work, "sources.list"), lines(await aptSources(system.release)));
    writeFileSync(join(work, "apt.conf"), lines(await aptOptions()));
    await build(work, system, packages);
    renameSync(join(work, "image"), image);
    removeOutdated(name, key);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  say(`built the disk image in ${Math.round((performance.now() - started) / 1000)} s`);
  return image;
}

const lines = (all: readonly string[]) => all.map((line) => `${line}\n`).join("");

async function build(work: string, system: System, packages: readonly string[]): Promise<void> {
  const logFile = join(IMAGES, "build.log");
  const log = openSync(logFile, "w");
  // The build must not go on for long when this process is killed.
  const command = [
    join(RECIPE, "build.sh"),
    work,
    system.kernel.recipe,
    system.release,
    ...system.packages,
    ...packages,
  ];
  const child = spawn("setpriv", ["--pdeathsig", "TERM", ...command], {
    stdio: ["ignore", log, log],
    env: { ...process.env, LC_ALL: "C", LAB_ADMIN_PASSWORD: ADMIN_PASSWORD },
  });
  closeSync(log);
  const [code] = await once(child, "exit");
  if (code !== 0)
    throw new Error(`the disk image could not be built; the end of ${logFile}:\n${lastLines(logFile)}`);
}

/** Everything that goes into the image but the packages' own versions; what only other kernels' images have is left out. */
function contentKey({ kernel, release, packages }: System): string {
  const inputs = [release, kernel.installed(), ADMIN_PASSWORD, ...packages];
  const hash = createHash("sha256").update(inputs.join(" "));
  const others = Object.values(SYSTEMS)
    .map((other) => other.kernel.recipe)
    .filter((recipe) => recipe !== kernel.recipe)
    .map((recipe) => join(RECIPE, recipe, "/"));
  const files = readdirSync(RECIPE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.path, entry.name))
    .filter((file) => !others.some((other) => file.startsWith(other)))
    .sort();
  for (const file of files) hash.update(`\0${file.slice(RECIPE.length)}\0`).update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}

/** An image of an older recipe goes, unless machines that run have it as their disk's base. */
function removeOutdated(name: SystemName, key: string): void {
  const used = new Set(allRecords().flatMap(({ machines }) => machines.map(({ image }) => image)));
  const ofSystem = new RegExp(`^${name}-[0-9a-f]{16}`);
  for (const entry of readdirSync(IMAGES)) {
    const image = join(IMAGES, entry);
    if (ofSystem.test(entry) && !entry.startsWith(key) && !used.has(image)) {
      rmSync(image, { recursive: true });
    }
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
