import { execFile } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { CACHE, ROOT, Stack } from "../../lab/engine";
import { Lab } from "../../lab/lab";
import { handlers } from "../../provider";
import { Code, expectCode } from "../support/declared";
import { shell } from "../support/world";

/**
 * The package as its users have it: packed, installed in a folder that has nothing to do with this repository, and used
 * by the programs of the README, word for word. For that the machines have the addresses that the README speaks of, and
 * the engine runs in their network.
 */

const run = promisify(execFile);
const ADDRESSES = { a: "203.0.113.10", b: "198.51.100.20" };
const NODE22 = join(CACHE, "node22", "bin");
const { version: VERSION } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  version: string;
};
const PACKED_AGAIN = "pulumi-ipip-0.0.9.tgz";

/** What the older build writes down at each call, to a file that the environment names. */
const OLDER_CODE = `
for (const handler of Object.values(exports.handlers))
  for (const [call, real] of Object.entries(handler))
    handler[call] = (...args) => {
      require("node:fs").appendFileSync(process.env.OLDER_CODE_RAN, call + "\\n");
      return real(...args);
    };
`;

const readme = readFileSync(join(ROOT, "README.md"), "utf8");
function program(beginning: string): string {
  const block = readme.match(/^```(js|ts)\n[^`]*/gm)?.find((text) => text.includes(beginning));
  if (block === undefined) throw new Error(`the README has no program with: ${beginning}`);
  return block.slice(block.indexOf("\n") + 1);
}
const commonJs = program('require("pulumi-ipip")');
const esModule = program('from "pulumi-ipip"');

/** All but the one that the lab's usual kernel can't have (tests/programs/every-type.js). */
const TYPES = Object.keys(handlers).filter((type) => type !== "MssClamp");
/** The text in the state, for ever: another one would leave old states without code. */
const textOf = (type: string) => `exports.handler=()=>require("pulumi-ipip/provider").handlers.${type};`;

let lab: Lab;
let dir: string;
let tarball: string;
let stacks: { own: Stack; node22: Stack };
const older = () => join(dir, "older-code-ran");
const link = () => join(dir, "link");

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "pulumi-ipip-"));
  lab = await Lab.start({ hosts: ["a", "b"] });
  await giveAddresses();
  mkdirSync(link());
  writeFileSync(join(link(), "Pulumi.yaml"), "name: link\nruntime: nodejs\n");
  await run("npm", ["init", "-y"], { cwd: link() });
  // Not built anew: the programs of other tests are using what is there.
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--pack-destination", dir], { cwd: ROOT });
  tarball = join(dir, stdout.trim());
  stacks = { own: await open(), node22: await open(NODE22) };
});

afterAll(async () => {
  await lab?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function giveAddresses(): Promise<void> {
  const other = { a: "b", b: "a" } as const;
  const known: string[] = [];
  for (const name of ["a", "b"] as const) {
    const machine = lab.host(name);
    const [own, peer] = [ADDRESSES[name], other[name]];
    await shell(machine, `ip address add ${own}/32 dev eth0`);
    await shell(machine, `ip route add ${ADDRESSES[peer]} via ${lab.host(peer).address} src ${own}`);
    await run("ip", ["-n", lab.namespace, "route", "add", own, "via", machine.address]);
    known.push(`${own} ${machine.hostKey}\n`);
  }
  const ssh = join(dir, "home", ".ssh");
  mkdirSync(ssh, { recursive: true });
  writeFileSync(join(ssh, "known_hosts"), known.join(""));
  cpSync(lab.host("a").privateKeyPath, join(ssh, "id_ed25519"));
}

/** open gives the folder's stack, with the engine in the lab's network and, it may be, another Node. */
async function open(node?: string): Promise<Stack> {
  const bin = join(dir, "bin");
  mkdirSync(bin, { recursive: true });
  const engine = join(CACHE, "engine", "bin");
  const inLab = `#!/bin/sh\nexec nsenter --net=/run/netns/${lab.namespace} ${engine}/pulumi "$@"\n`;
  writeFileSync(join(bin, "pulumi"), inLab, { mode: 0o755 });
  const path = [bin, node, engine, process.env.PATH].filter((part) => part !== undefined);
  const env = { PATH: path.join(delimiter), HOME: join(dir, "home"), OLDER_CODE_RAN: older() };
  return await Stack.open({ program: link(), home: dir, name: "mine", env });
}

async function install(...what: readonly string[]): Promise<void> {
  const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  await run("npm", ["install", ...quiet, ...what], { cwd: link() });
}

async function write(main: string, text: string): Promise<void> {
  writeFileSync(join(link(), main), text);
  await run("npm", ["pkg", "set", `main=${main}`], { cwd: link() });
}

const up = (stack: Stack) => stack.pulumi("up", "--yes", "--skip-preview");
const destroy = (stack: Stack) => stack.pulumi("destroy", "--yes", "--skip-preview");
const preview = (stack: Stack) => stack.pulumi("preview", "--expect-no-changes");

async function expectWorksAndDestroy(stack: Stack): Promise<void> {
  expectCode(await up(stack), Code.ok);
  await shell(lab.host("a"), "ping -c 2 -i 0.2 -W 5 192.168.50.2");
  expectCode(await destroy(stack), Code.ok);
  expect((await lab.host("a").run("ip link show dev tun0")).code).not.toBe(0);
}

test("the package has what is needed to run, and no sources or tests", async () => {
  const { stdout } = await run("tar", ["-tzf", tarball]);
  const files = stdout
    .trim()
    .split("\n")
    .map((file) => file.replace("package/", ""));
  for (const file of [
    "package.json",
    "README.md",
    "LICENSE",
    "dist/sdk/index.js",
    "dist/sdk/index.d.ts",
    "dist/provider/index.js",
    "dist/cli/main.js",
  ])
    expect(files).toContain(file);
  expect(
    files.filter((file) => !/^(dist|docs)\/|^(package\.json|README\.md|CHANGELOG\.md|LICENSE)$/.test(file)),
  ).toEqual([]);
  expect(files.filter((file) => /(?<!\.d)\.ts$/.test(file))).toEqual([]);
});

describe("a state that an older build has made", () => {
  beforeAll(async () => {
    const unpacked = join(dir, "older");
    mkdirSync(unpacked);
    await run("tar", ["-xzf", tarball, "-C", unpacked, "--strip-components=1"]);
    await run("npm", ["pkg", "set", "version=0.0.9"], { cwd: unpacked });
    appendFileSync(join(unpacked, "dist", "provider", "index.js"), OLDER_CODE);
    await run("npm", ["pack", "--ignore-scripts", "--pack-destination", dir], { cwd: unpacked });
    const { version } = JSON.parse(
      readFileSync(join(ROOT, "node_modules", "@pulumi", "pulumi", "package.json"), "utf8"),
    ) as { version: string };
    await install(`@pulumi/pulumi@${version}`, join(dir, PACKED_AGAIN));
    await write("index.js", readFileSync(join(ROOT, "tests", "programs", "every-type.js"), "utf8"));
  });

  test("holds for each type one short text, and nothing of the code that made it", async () => {
    expectCode(await up(stacks.own), Code.ok);
    expect(readFileSync(older(), "utf8").match(/create/g)).toHaveLength(TYPES.length);
    const resources = await stacks.own.resources();
    for (const type of TYPES) {
      const resource = resources.find((each) => each.type.endsWith(`ipip:${type}`));
      expect(resource?.outputs?.__provider).toBe(textOf(type));
      expect(resource?.inputs?.__provider).toBe(textOf(type));
      expect(textOf(type).length).toBeLessThanOrEqual(100);
    }
    const { stdout } = await stacks.own.pulumi("stack", "export");
    expect(stdout).not.toMatch(/OLDER_CODE_RAN|function|=>(?!require)/);
    expect(stdout).not.toContain(join(dir, "home"));
  });

  test("is no change to the current build, which refreshes and destroys it by itself", async () => {
    await install(tarball);
    rmSync(older());
    expectCode(await preview(stacks.own), Code.ok);
    expect(expectCode(await stacks.own.pulumi("refresh", "--yes", "--skip-preview"), Code.ok)).toMatch(
      // With the stack itself.
      new RegExp(`${TYPES.length + 1} unchanged`),
    );
    expectCode(await preview(stacks.own), Code.ok);
    expectCode(await destroy(stacks.own), Code.ok);
    expect(existsSync(older())).toBe(false);
    expect(await shell(lab.host("a"), "ip netns list")).toBe("");
  });
});

const commonJsProgram = { main: "index.js", text: commonJs };
const esModuleProgram = { main: "index.mjs", text: esModule };

/** Each of the README's programs on each Node, and each of both in each way that the package can get there. */
describe.each([
  { way: "installed", packed: () => tarball, onOwn: commonJsProgram, onNode22: esModuleProgram },
  { way: "linked", packed: () => ROOT, onOwn: esModuleProgram, onNode22: commonJsProgram },
])("$way", ({ packed, onOwn, onNode22 }) => {
  beforeAll(async () => {
    await install(packed());
  });

  test("brings its command", async () => {
    const { stdout } = await run("npx", ["--no-install", "pulumi-ipip", "--version"], { cwd: link() });
    expect(stdout.trim()).toBe(VERSION);
  });

  test(`${onOwn.main} works on the Node of this machine`, async () => {
    await write(onOwn.main, onOwn.text);
    await expectWorksAndDestroy(stacks.own);
  });

  test(`${onNode22.main} works on Node 22`, async () => {
    const { stdout } = await run("node", ["--version"], { env: stacks.node22.env });
    expect(stdout).toMatch(/^v22\./);
    await write(onNode22.main, onNode22.text);
    await expectWorksAndDestroy(stacks.node22);
  });
});

describe("the same program", () => {
  beforeAll(async () => {
    await install(tarball);
  });

  test("is no change whichever way it is written, and however the package is installed", async () => {
    await write("index.js", commonJs);
    expectCode(await up(stacks.own), Code.ok);
    await write("index.mjs", esModule);
    expectCode(await preview(stacks.node22), Code.ok);
    await install(ROOT);
    expectCode(await preview(stacks.own), Code.ok);
    await run("npm", ["pkg", "set", "type=module"], { cwd: link() });
    await write("index.js", esModule);
    expectCode(await preview(stacks.own), Code.ok);
    await run("npm", ["pkg", "delete", "type"], { cwd: link() });
  });

  test("is a TypeScript program too", async () => {
    const { version } = JSON.parse(
      readFileSync(join(ROOT, "node_modules", "typescript", "package.json"), "utf8"),
    ) as { version: string };
    await install(tarball, `typescript@${version}`);
    await write("index.ts", esModule);
    expectCode(await preview(stacks.own), Code.ok);
    await expectWorksAndDestroy(stacks.own);
  });
});
